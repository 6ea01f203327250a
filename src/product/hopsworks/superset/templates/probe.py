"""Prints what Superset's database holds, as one line of JSON: its schema's revision, the number of tables, dashboards and database
connections, and which connections have secrets that the present SECRET_KEY cannot read.

Runs in Superset's image and environment, without starting Superset: it loads only superset_config and Superset's own encryption."""
import contextlib
import importlib.util
import json
import os
import pathlib
import sys

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

# Where secrets are, and the column that names the connection that they belong to.
SECRETS = {
    "dbs": ("id", ["password", "encrypted_extra", "server_cert"]),
    "ssh_tunnels": ("database_id", ["username", "password", "private_key", "private_key_password"]),
    "database_user_oauth2_tokens": ("database_id", ["access_token", "refresh_token"]),
}


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def configuration():
    """What superset_config says; Superset's whole configuration only where that lacks the database."""
    path = os.environ.get("SUPERSET_CONFIG_PATH")
    found = path or importlib.util.find_spec("superset_config")
    if found:
        config = load("superset_config", path) if path else importlib.import_module("superset_config")
        if hasattr(config, "SQLALCHEMY_DATABASE_URI"):
            return config
    return importlib.import_module("superset.config")


def secret_key(config):
    key = getattr(config, "SECRET_KEY", None) or os.environ.get("SUPERSET_SECRET_KEY")
    if not key:
        raise LookupError("no SECRET_KEY in superset_config or SUPERSET_SECRET_KEY")
    return key


def decryption(config, key):
    """The column type by which Superset reads secrets."""
    adapter = getattr(config, "SQLALCHEMY_ENCRYPTED_FIELD_TYPE_ADAPTER", None)
    if adapter is None:
        # By its path: importing it as a module of Superset's would load all of Superset.
        package = importlib.util.find_spec("superset").submodule_search_locations[0]
        adapter = load("superset_encrypt", pathlib.Path(package, "utils/encrypt.py")).SQLAlchemyUtilsAdapter
    settings = {name: getattr(config, name) for name in dir(config) if name.isupper()}
    return adapter().create({**settings, "SECRET_KEY": key}, sa.Text)


def readable(column, value, dialect):
    try:
        column.process_result_value(bytes(value) if isinstance(value, memoryview) else value, dialect)
        return True
    except Exception:  # each way of encryption has its own
        return False


def probe(connection, column):
    schema = sa.inspect(connection)
    tables = set(schema.get_table_names())
    dialect = connection.dialect

    def rows(table, *names):
        listed = ", ".join(dialect.identifier_preparer.quote(name) for name in names)
        return connection.execute(sa.text(f"SELECT {listed} FROM {table}")).fetchall()

    def count(table):
        return connection.execute(sa.text(f"SELECT COUNT(*) FROM {table}")).scalar() if table in tables else None

    names = dict(map(tuple, rows("dbs", "id", "database_name"))) if "dbs" in tables else {}
    unreadable, sealed = set(), set()
    for table, (owner, secrets) in SECRETS.items():
        if table not in tables:
            continue
        present = {c["name"] for c in schema.get_columns(table)}
        for id, *values in rows(table, owner, *[name for name in secrets if name in present]):
            name = names.get(id, f"{table} of connection {id}")
            if any(value is not None for value in values):
                sealed.add(name)
            if not all(value is None or readable(column, value, dialect) for value in values):
                unreadable.add(name)
    revisions = sorted(row[0] for row in rows("alembic_version", "version_num")) if "alembic_version" in tables else []
    return {
        "revision": ",".join(revisions) or None,
        "tables": len(tables),
        "dashboards": count("dashboards"),
        "connections": count("dbs"),
        "sealed": len(sealed),
        "unreadable": sorted(unreadable),
    }


def main():
    hidden = []
    try:
        with contextlib.redirect_stdout(sys.stderr):  # configurations say that they were loaded
            config = configuration()
        key = secret_key(config)
        url = sa.engine.make_url(config.SQLALCHEMY_DATABASE_URI)
        hidden = [str(secret) for secret in (key, url.password) if secret]
        options = {**(getattr(config, "SQLALCHEMY_ENGINE_OPTIONS", None) or {}), "poolclass": NullPool}
        for pool in ("pool_size", "max_overflow", "pool_recycle", "pool_timeout", "pool_use_lifo"):
            options.pop(pool, None)
        with sa.create_engine(url, **options).connect() as connection:
            print(json.dumps(probe(connection, decryption(config, key))))
    except Exception as error:
        message = f"{type(error).__name__}: {getattr(error, 'orig', None) or error}"
        for secret in hidden:
            message = message.replace(secret, "***")
        sys.exit(message)


main()
