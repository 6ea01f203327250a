#!/app/.venv/bin/python3
"""create_role.py [NAME]: gives Superset a role for the users of Hopsworks, with what Gamma may do. Run again, it changes nothing."""
import sys

from superset.app import create_app

NAME = sys.argv[1] if len(sys.argv) > 1 else "Hopsworks"

app = create_app()
with app.app_context():
    security = app.appbuilder.sm
    gamma = security.find_role("Gamma")
    if gamma is None:
        sys.exit("no role Gamma: run 'superset init' first")
    role = security.add_role(NAME)
    for permission in gamma.permissions:
        security.add_permission_role(role, permission)
    found = security.find_role(NAME)
    if found is None or len(found.permissions) < len(gamma.permissions):
        sys.exit(f"the role {NAME} was not created")
    print(f"role {NAME}: {len(found.permissions)} permissions")
