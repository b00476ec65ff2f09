"""The versioned API under /api/v1: each answer is one struct, described in the OpenAPI document."""
