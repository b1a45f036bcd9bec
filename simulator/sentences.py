"""Sentences of which the simulated articles are made, by paragraph.

Fields: ``percent``, ``price`` in dollars, ``count``, ``days``.
"""

SENTENCES_PER_PARAGRAPH = 3

PARAGRAPHS: tuple[tuple[str, ...], ...] = (
    (
        "It sums up a session in which most desks waited for somebody else to move.",
        "The move was small by the standards of the year, but it changed who was trading.",
        "Figures for the last {days} days show a shift of about {percent} percent against the month before.",
        "Desks described an orderly market with little appetite for new positions.",
        "The change was visible in public data long before it was visible in the price.",
        "None of the usual explanations fits, which is why the pattern deserves a closer look.",
        "The numbers were gathered from {count} sources and checked against one another.",
        "What looked like noise at first has now lasted for {days} days in a row.",
    ),
    (
        "Bitcoin changed hands near {price} dollars through the early hours, where bids have stood before.",
        "Spot turnover on the largest venues was {percent} percent lower than a week ago at this time.",
        "Order books within half a percent of the middle held roughly {count} million dollars on each side.",
        "Average trade size fell, while the number of trades stayed close to its monthly mean.",
        "Activity came in short bursts, with whole minutes in which the busiest pair did not trade at all.",
        "Sellers appeared each time the price came within {count} dollars of the high of the day.",
        "The gap between the cheapest and the dearest venue never exceeded a few hundredths of a percent.",
        "Asian hours brought {percent} percent of the day's turnover, more than in any week since spring.",
    ),
    (
        "Derivatives told a similar story, with open interest down {percent} percent from its recent peak.",
        "Funding on perpetual contracts stayed within a narrow band around zero for {days} days.",
        "Implied volatility for the front month slipped, although longer dates hardly moved.",
        "The basis between futures and spot was too thin to pay for the capital that it ties up.",
        "Liquidations came to less than {count} million dollars, far from the totals of a disorderly day.",
        "Calls above {price} dollars saw the largest block trades, most of them closing old positions.",
        "The ratio of puts to calls rose for the {days}th day without any alarm in the price.",
        "Quarterly contracts rolled early, and {percent} percent of the open interest has moved on already.",
    ),
    (
        "On the chain itself, active addresses were steady and fees stayed below {count} satoshis a byte.",
        "Blocks arrived a little faster than the target, which points to a higher difficulty in {days} days.",
        "Balances on exchanges continued their slow decline, which can be read in more than one way.",
        "Coins that had not moved for more than a year made up only a small part of what was spent.",
        "The share of transactions that open or close payment channels rose by {percent} percent.",
        "Consolidations filled {percent} percent of the block space while it was cheap to do so.",
        "The backlog of unconfirmed transactions cleared {count} times within a single week.",
        "Miners kept most of what they earned, and only {count} of the larger pools sold at all.",
    ),
    (
        "One desk in Singapore called the present range comfortable for those who earn the spread.",
        "A research note warns against reading too much into a single quiet session.",
        "Long-term holders appear unmoved, and few of them have sold into the last {count} rallies.",
        "Smaller participants have reduced their positions on {days} of the last sixty days.",
        "Several market makers would rather miss a move than hold inventory over the weekend.",
        "Treasurers of listed companies have asked {count} banks for quotes, with no deal so far.",
        "Those who lend coins report rates that are {percent} percent below the mean of the year.",
        "In private chats the mood is calmer than the headlines of the week would suggest.",
    ),
    (
        "The next scheduled events are the monthly expiry and inflation figures due in {days} days.",
        "Until then most models give a range of {percent} percent around the present price.",
        "A close above {price} dollars would be taken as a sign that buyers are willing to pay up again.",
        "Should volumes stay where they are, even modest orders may move the price more than usual.",
        "Whatever comes next, the record of the session will be checked trade by trade.",
        "A repeat of last month's pattern would bring the range to an end within {days} days.",
        "The cost of being wrong is low for now, which may be the reason for so much patience.",
        "By the end of the quarter at least {count} venues will publish the same figures every day.",
    ),
)
