"""Mocks of the province's platforms: who supervises us, who shares what we publish."""
