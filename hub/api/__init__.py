"""The door: published queries, answered to callers that are registered, believed and granted."""
