"""The dashboard's endpoints: HTTP without logic, over views and the supervisor."""
