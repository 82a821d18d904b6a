"""The core mock's registry (归集登记), contracts_spec/core/registry, served by the same process.

It stands on the books of ``mocks.core.reference``: what is on hold there keeps an account from
being closed here, and a withdrawal under way here refuses a hold there.
"""
