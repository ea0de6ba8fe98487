"""`plugins.yaml` and the environment, turned into typed settings that know where they came from."""
