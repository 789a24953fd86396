"""One page per version for people: how good it is, what it goes by, and why it is in use.

`reader` fetches what the warehouse knows, `words` and `figures` say it in sentences and SVG,
`page` puts both into the template. The pages are made of what training recorded in the
registry; nothing is computed anew.
"""
