"""The drills: what operators do when something has failed, each one command that shows first what it would do."""
