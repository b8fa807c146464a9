"""The stacks learn where the real database and cache are, and these let in whom the stacks speak of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import psycopg
import pytest
import redis

from retail.local import cache as valkey
from retail.local import postgres as postgresql
from retail.local.cache import Cache
from retail.local.emulator import Emulator, emulator
from retail.local.endpoints import Endpoints
from retail.local.postgres import Postgres
from tests.local.conftest import Deployer

REAL = Endpoints(
    database_host="127.0.0.1",
    database_reader_host="127.0.0.2",
    database_port=54321,
    cache_host="localhost",
    cache_port=63791,
)

STACK = """
Parameters: {Days: {Type: Number, Default: 7}}
Resources:
  Database:
    Type: AWS::RDS::DBCluster
    Properties:
      Engine: aurora-postgresql
      MasterUsername: owner
      MasterUserPassword: long-enough
      BackupRetentionPeriod: !Ref Days
  Cache: {Type: AWS::ElastiCache::ServerlessCache, Properties: {ServerlessCacheName: real, Engine: valkey}}
Outputs:
  Writer: {Value: !Sub '${Database.Endpoint.Address}:${Database.Endpoint.Port}'}
  Reader: {Value: !GetAtt Database.ReadEndpoint.Address}
  Cache: {Value: !Sub '${Cache.Endpoint.Address}:${Cache.Endpoint.Port}'}
  CacheReader: {Value: !Sub '${Cache.ReaderEndpoint.Address}:${Cache.ReaderEndpoint.Port}'}
"""

ANSWERS = {
    "Writer": "127.0.0.1:54321",
    "Reader": "127.0.0.2",
    "Cache": "localhost:63791",
    "CacheReader": "localhost:63791",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(state=tmp_path_factory.mktemp("told"), endpoints=REAL) as aws:
        yield aws


def test_getatt_answers_with_the_real_addresses_after_an_update_too(told: Emulator) -> None:
    client = boto3.client(
        "cloudformation",
        region_name="us-east-1",
        endpoint_url=told.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    deployer = Deployer(client)
    assert deployer.create("real", STACK) == "CREATE_COMPLETE", deployer.failures("real")
    assert deployer.outputs("real") == ANSWERS
    assert deployer.update("real", STACK, Days="8") == "UPDATE_COMPLETE", deployer.failures("real")
    assert deployer.outputs("real") == ANSWERS


@pytest.mark.parametrize("database", ["retail", "another"])
def test_the_database_lets_in_a_master_user_who_owns_his_database(tmp_path: Path, database: str) -> None:
    with postgresql.postgres(tmp_path) as running:
        running.admit("owner", "it's a secret", database)
        with connected(running, "owner", "it's a secret", database) as connection:
            connection.execute("CREATE TABLE kept (id int)")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connected(running, "owner", "a guess", database)


def test_writer_and_reader_have_one_port_and_the_reader_follows(postgres: Postgres) -> None:
    assert postgres.writer.port == postgres.reader.port
    assert (postgres.writer.host, postgres.reader.host) == ("127.0.0.1", "127.0.0.2")
    with connected(postgres, postgres.user, postgres.password, postgres.database, reader=True) as connection:
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)


def test_a_user_whom_the_cache_has_let_in_comes_in_with_any_token_after_a_restart_too(tmp_path: Path) -> None:
    with valkey.cache(tmp_path) as shop:
        shop.admit("storefront")
        assert ping(shop, "storefront", "one token")
        shop.stop()
        shop.start()
        assert ping(shop, "storefront", "another token")
        with pytest.raises(redis.AuthenticationError):
            ping(shop, "stranger", "a token")


def connected(
    running: Postgres, user: str, password: str, database: str, *, reader: bool = False
) -> psycopg.Connection[tuple[object, ...]]:
    place = running.reader if reader else running.writer
    return psycopg.connect(
        host=place.host,
        port=place.port,
        user=user,
        password=password,
        dbname=database,
        sslmode="verify-full",
        sslrootcert=str(running.certificate),
    )


def ping(shop: Cache, user: str, token: str) -> bool:
    with redis.Redis(
        host=shop.host, port=shop.port, username=user, password=token, ssl=True, ssl_ca_certs=str(shop.certificate)
    ) as client:
        return bool(client.ping())
