-- Whoever may read the warehouse. An IAM principal that is tagged RedshiftDbRoles = analysts has this role when it
-- signs in. Redshift has no IF NOT EXISTS for roles: that it is there already counts as done.
CREATE ROLE analysts;
