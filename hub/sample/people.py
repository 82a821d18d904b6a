"""Invented people, units and numbers: right in form, wrong on purpose in substance.

Check digits are valid (GB 11643 for IDs, GB 32100 for units, Luhn for cards), but nothing here can
be somebody's: IDs carry the prefecture's own code 522700, which no person's ID has, telephone
numbers begin with the unassigned 100, and people are called after trees, birds and weather.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛"
    "奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
)
GIVEN = (
    "云杉", "白桦", "青松", "红枫", "银杏", "翠竹", "山茶", "杜鹃", "木兰", "海棠", "紫藤", "芦苇",
    "白鹭", "春燕", "黄鹂", "画眉", "喜鹊", "云雀", "秋雁", "朱鹮", "晨曦", "晚霞", "细雨", "初雪",
    "微风", "清泉", "山岚", "溪石", "月夜", "星河", "松", "柏", "梅", "荷", "桂", "枫", "鹤", "鸥",
)  # fmt: skip
RARE = ("𠮷", "䶮", "㭎", "𬱖", "㑇")
"""Characters that GBK lacks and GB18030 writes with four bytes."""

COUNTIES = (
    "都匀",
    "福泉",
    "荔波",
    "贵定",
    "瓮安",
    "独山",
    "平塘",
    "罗甸",
    "长顺",
    "龙里",
    "惠水",
    "三都",
)
TRADES = (
    "云杉小学",
    "白鹭中学",
    "银杏医院",
    "清泉供水站",
    "红枫建材厂",
    "山茶茶业",
    "星河电子",
    "芦苇纸业",
)

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def id_number(first17: str) -> str:
    """An ID with its check digit, GB 11643."""
    weighed = sum(int(digit) * (2 ** (17 - i) % 11) for i, digit in enumerate(first17))
    return first17 + "10X98765432"[weighed % 11]


def short_id(number: str) -> str:
    """The 15-digit form of an 18-character ID of somebody born before 2000."""
    return number[:6] + number[8:17]


def unit_code(first17: str) -> str:
    """A unified social credit code with its check character, GB 32100."""
    weighed = sum(_USCC.index(c) * w for c, w in zip(first17, _USCC_WEIGHTS, strict=True))
    return first17 + _USCC[-weighed % 31]


def card_number(all_but_last: str) -> str:
    """A bank account with its Luhn digit."""
    total = 0
    for place, digit in enumerate(reversed(all_but_last)):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return all_but_last + str(-total % 10)


def yuan(fen: int) -> str:
    """Yuan with two decimals."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def short_yuan(fen: int) -> str:
    """Yuan with as many decimals as are needed, as some extracts write it: ``269.9``, ``800``."""
    return yuan(fen).rstrip("0").rstrip(".")


_BORN_FROM = date(1962, 1, 1)
_BIRTHDAYS = 14_975  # to the end of 2002; a prime step through them looks like chance
_STEP = 7919


@dataclass(slots=True)
class Inventor:
    """Makes people and units up, one after the other; the same seed makes the same ones."""

    rng: random.Random
    people: int = 0
    ids: int = 0
    cards: int = 0

    def name(self) -> str:
        return self.rng.choice(SURNAMES) + self.rng.choice(GIVEN)

    def id_number(self) -> str:
        """An ID no other call returns (for the first fifteen million)."""
        self.ids += 1
        serial, place = divmod(self.ids, _BIRTHDAYS)
        born = _BORN_FROM + timedelta(days=place * _STEP % _BIRTHDAYS)
        return id_number(f"522700{born:%Y%m%d}{serial % 1000:03d}")

    def old_id_number(self) -> str:
        """One whose owner had a 15-digit ID once."""
        number = self.id_number()
        while number[6:10] > "1985":
            number = self.id_number()
        return number

    def card(self, bank_prefix: str) -> str:
        """19 digits with a valid Luhn digit."""
        self.cards += 1
        return card_number(f"{bank_prefix}{self.cards:012d}")

    def person(self, balance: int, month: str, units: int) -> dict[str, str]:
        """A row of persons.csv; ``balance`` in 分, ``month`` as YYYYMM."""
        self.people += 1
        base = self.rng.randrange(200_000, 2_800_000)
        paid = base * 12 // 10_000  # 12 % of the base, in whole yuan
        opened = date(2000, 1, 1) + timedelta(days=self.rng.randrange(9000))
        return {
            "GRZH": f"522799{self.people:08d}",
            "DWZH": f"5227000{self.rng.randrange(units) + 1:05d}",
            "XingMing": self.name(),
            "ZJLX": "01",
            "ZJHM": self.id_number(),
            "SJHM": f"100{self.people:08d}",
            "GRZHZT": "01",
            "GRJCJS": short_yuan(base),
            "GRYJCE": str(paid),
            "DWYJCE": str(paid),
            "GRZHYE": short_yuan(balance),
            "DJJE": "0.00",
            "KHRQ": f"{opened:%Y%m%d}",
            "JZNY": month,
        }

    def unit(self, serial: int, month: str) -> dict[str, str]:
        """A row of units.csv."""
        county = COUNTIES[serial % len(COUNTIES)]
        trade = TRADES[serial // len(COUNTIES) % len(TRADES)]
        return {
            "DWZH": f"5227000{serial:05d}",
            "DWMC": f"示例{county}{trade}{serial}号",
            "TYSHXYDM": unit_code(f"91522700MA{serial:07d}"),
            "DWDZ": f"贵州省黔南州示例路{serial}号",
            "DWFRDBXM": self.name(),
            "DWFRDBZJHM": self.id_number(),
            "DWZHZT": "02" if serial % 24 == 0 else "01",
            "DWJCBL": "0.12",
            "GRJCBL": "0.12",
            "JZNY": month,
        }
