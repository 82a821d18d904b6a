"""Cases (办件): what a government platform files with us, brought to its end in the core.

``received → parsed → checked → in the core → done | failed``, each step told to the platform until
it has receipted it; a higher version supersedes, the applicant may withdraw, and one person through
two doors makes one application.

``intake`` takes notices in · ``files`` and ``attachments`` look at what came with them ·
``machine`` moves a case · ``applications`` is our side of the core's registry · ``feeding`` tells
the platform · ``kinds`` says what a kind of case is about: a module there is found by its name,
nothing is edited to add one · ``looking`` reads for pages and commands.
"""

from hub.cases.office import CaseOffice, CaseSeat
from hub.cases.users import handlers, users

__all__ = ["CaseOffice", "CaseSeat", "handlers", "users"]
