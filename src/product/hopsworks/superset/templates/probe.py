"""Prints, in one line of JSON, what Superset's own code reads in its database; no password is printed."""
import json

from superset.app import create_app

app = create_app()
with app.app_context():
    from sqlalchemy import inspect, text

    from superset import db
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard

    revision = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    unreadable = []
    ids = [row[0] for row in db.session.query(Database.id).order_by(Database.id)]
    for key in ids:
        try:
            db.session.query(Database.password, Database.encrypted_extra).filter(Database.id == key).one()
        except Exception:
            db.session.rollback()
            name = db.session.query(Database.database_name).filter(Database.id == key).scalar()
            unreadable.append(str(name))
    print(
        json.dumps(
            {
                "revision": str(revision),
                "tables": len(inspect(db.engine).get_table_names()),
                "dashboards": db.session.query(Dashboard.id).count(),
                "connections": len(ids),
                "unreadable": unreadable,
            }
        )
    )
