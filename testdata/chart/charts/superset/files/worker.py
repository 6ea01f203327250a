"""Holds a connection to Superset's database, as its Celery workers do."""
import time

from sqlalchemy import create_engine, text
from superset_config import SQLALCHEMY_DATABASE_URI

engine = create_engine(SQLALCHEMY_DATABASE_URI, pool_size=1, pool_pre_ping=True)
while True:
    try:
        with engine.connect() as connection:
            while True:
                connection.execute(text("SELECT 1"))
                time.sleep(2)
    except Exception as problem:
        print(f"no database: {problem}", flush=True)
        time.sleep(2)
