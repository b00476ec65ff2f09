"""Write the table of costs into docs/deployment.md; run as ``python scripts/write_cost_doc.py``."""

from pathlib import Path

from afirgen.deploy.cost import estimate, prices, profiles

TARGET = Path(__file__).parent.parent / "docs" / "deployment.md"
_BEGIN, _END = "<!-- cost: begin -->\n", "<!-- cost: end -->\n"


def page_with_costs(text: str) -> str:
    """Return the page with the table that today's price list gives."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{cost_table()}{_END}{after}"


def cost_table() -> str:
    """Return a row a profile, with what a month costs in each region."""
    regions = prices().regions
    rows = [f"| profile | what | {' | '.join(regions)} | moderate |", f"|---|---|{'---:|' * len(regions)}---|"]
    for name, profile in profiles().items():
        sums = " | ".join(f"{estimate(name, region).total:.0f}" for region in regions)
        rows.append(f"| `{name}` | {profile.about} | {sums} | {'yes' if profile.moderate else ''} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    TARGET.write_text(page_with_costs(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
