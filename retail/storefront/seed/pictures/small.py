"""Desk, bath and pantry."""

from __future__ import annotations

from retail.storefront.seed.pictures.pen import (
    LEAF,
    PAPER,
    STEEL,
    STEEL_DARK,
    WOOD,
    WOOD_DARK,
    Motif,
    Pen,
    box,
    circle,
    disc,
    ellipse,
    line,
    mix,
    path,
    rect,
    turned,
    turned_by,
)

SHINE = f'<g opacity=".7">{line("M176 276L264 166M212 308L308 188", "#ffffff", 13)}</g>'


def notebook(pen: Pen) -> str:
    pages = rect(150, 106, 196, 288, PAPER, 8) + "".join(line(f"M344 {y}v1", STEEL, 3) for y in range(120, 384, 9))
    cover = pen.body(box(136, 100, 200, 290, 10), pattern=pen.one_of("plain", "plain", "dots", "chevrons"))
    spine = rect(136, 100, 26, 290, pen.dark, 8)
    label = rect(190, 156, 112, 64, PAPER, 4) + rect(208, 178, 76, 5, pen.dark, 2) + rect(208, 194, 50, 5, pen.dark, 2)
    ribbon = path("M292 388v34l10 -10l10 10v-34Z", pen.dark)
    return turned_by(pen.some(-8, 8), 240, 380, pages + ribbon + cover + spine + label)


def pens(pen: Pen) -> str:
    tones = ("#c4704f", "#dfa53c", "#34507a", "#66753f", "#d99a94")
    sticks = "".join(
        turned_by(
            angle, 240, 300, rect(232, top, 16, 200, tone, 3) + path(f"M232 {top}L240 {top - 24}L248 {top}Z", WOOD)
        )
        for angle, top, tone in zip((-17, -8, 1, 9, 18), (132, 110, 138, 104, 126), tones, strict=True)
    )
    holder = pen.body(turned([(72, 252), (68, 396)]), pattern=pen.pattern())
    return sticks + holder + ellipse(240, 252, 72, 11, pen.dark)


def clock(pen: Pen) -> str:
    marks = "".join(turned_by(angle, 240, 246, rect(237, 146, 6, 17, pen.dark, 3)) for angle in range(0, 360, 30))
    hour, minute = pen.some(0, 11) * 30, pen.some(0, 11) * 30
    hands = turned_by(hour, 240, 246, line("M240 246V190", "#3a2a20", 9)) + turned_by(
        minute, 240, 246, line("M240 246V168", "#3a2a20", 6)
    )
    feet = line("M176 352L152 392M304 352L328 392", pen.dark, 15)
    return (
        feet
        + pen.body(disc(240, 246, 134, 134))
        + circle(240, 246, 112, PAPER)
        + marks
        + hands
        + circle(240, 246, 9, pen.base)
    )


def hourglass(pen: Pen) -> str:
    ends = rect(152, 122, 176, 24, pen.dark, 8) + rect(152, 372, 176, 24, pen.dark, 8)
    posts = line("M170 140V376M310 140V376", pen.base, 11)
    glass = path(
        "M186 146H294C294 226 252 236 252 259S294 292 294 372H186C186 292 228 282 228 259S186 226 186 146Z", "#e3ecec"
    )
    sand = path("M208 206H272C262 226 252 236 240 250C228 236 218 226 208 206Z", "#dfa53c") + line(
        "M240 250V340", "#dfa53c", 4
    )
    return glass + sand + path("M190 372C200 330 280 330 290 372Z", "#dfa53c") + posts + ends


def books(pen: Pen) -> str:
    tones = [pen.base, pen.dark, pen.light, "#dfa53c", "#94a887", "#34507a", "#c4704f"]
    pen.random.shuffle(tones)
    x, shelf = 128, []
    for tone in tones[:5]:
        width, height = pen.some(34, 46), pen.some(176, 236)
        shelf.append(pen.body(box(x, 392 - height, width, height, 4), tone, shade_from=x + width - 9))
        shelf.append(
            rect(x + 7, 392 - height + 24, width - 20, 7, PAPER, 3) + rect(x + 7, 348, width - 20, 7, PAPER, 3)
        )
        x += width + 2
    ends = pen.body("M100 262Q100 250 112 250H126V396H74V384H100Z", pen.dark)
    return ends + "".join(shelf) + path(f"M{x} 250h14q12 0 12 12v122h26v12h-52Z", pen.dark)


def envelope(pen: Pen) -> str:
    letter = turned_by(
        5,
        250,
        220,
        rect(136, 118, 220, 180, PAPER, 4) + "".join(rect(162, y, 160, 6, pen.light, 3) for y in range(148, 230, 20)),
    )
    back = pen.body(box(104, 206, 272, 184, 10), pen.base) + path(
        "M104 214L240 316L376 214V380Q376 390 366 390H114Q104 390 104 380Z", pen.light
    )
    seal = circle(240, 314, 22, "#c4704f") + circle(240, 314, 13, mix("#c4704f", "#2a1608", 0.2))
    return letter + back + line("M112 386L206 296M368 386L274 296", pen.dark, 3) + seal


def desklamp(pen: Pen) -> str:
    arm = line("M196 380L166 262L278 158", STEEL_DARK, 11) + circle(166, 262, 13, pen.dark)
    beam = '<path d="M268 216L222 392H430L356 186Z" fill="#ffe9b0" opacity=".6"/>'
    head = turned_by(
        -18,
        296,
        166,
        pen.body("M248 206C248 126 344 126 344 206Z", shade_from=306) + ellipse(296, 206, 48, 10, "#fff6da"),
    )
    return beam + arm + head + pen.body("M122 396C126 364 268 364 272 396Z")


def soap(pen: Pen) -> str:
    bar = pen.body(box(112, 268, 256, 112, 40), pattern=pen.one_of("plain", "speckle")) + rect(
        150, 292, 180, 50, pen.light, 24
    )
    leaf = path("M240 300C262 306 268 322 270 334C250 332 240 322 240 300Z", pen.dark) + path(
        "M240 300C218 306 212 322 210 334C230 332 240 322 240 300Z", pen.dark
    )
    foam = "".join(
        circle(x, y, r, "#ffffff")
        for x, y, r in ((142, 256, 26), (184, 238, 18), (330, 250, 22), (300, 218, 11), (158, 206, 9))
    )
    return (
        rect(96, 376, 288, 18, WOOD, 8)
        + rect(130, 390, 220, 8, WOOD_DARK, 4)
        + bar
        + leaf
        + f'<g opacity=".85">{foam}</g>'
    )


def pump(pen: Pen) -> str:
    spout = line("M240 150V112H306V126", "#3f3a37", 13) + rect(210, 148, 60, 32, "#3f3a37", 6)
    bottle = pen.body(turned([(28, 178), (80, 226), (80, 396)]))
    label = rect(186, 266, 108, 88, PAPER, 4) + rect(206, 286, 68, 7, pen.dark, 3) + rect(214, 304, 52, 5, pen.dark, 2)
    return spout + bottle + label + path("M240 316C254 320 258 332 258 342C246 340 240 332 240 316Z", LEAF)


def brush(pen: Pen) -> str:
    bristles = "".join(line(f"M{x} 176v52", mix("#f2e6d0", "#8a5f3c", 0.3), 6) for x in range(176, 310, 9))
    head = pen.body("M158 180C158 118 322 118 322 180Q322 192 310 192H170Q158 192 158 180Z")
    grip = pen.body(box(222, 36, 36, 108, 18)) + circle(240, 56, 7, PAPER)
    return turned_by(pen.some(158, 196), 240, 220, bristles + grip + head)


def tub(pen: Pen) -> str:
    jar = pen.body(box(130, 278, 220, 116, 22), pattern=pen.one_of("plain", "band"))
    lid = pen.body(box(122, 226, 236, 56, 12), pen.one_of(WOOD, "#efe6d6"))
    label = ellipse(240, 338, 66, 36, PAPER) + rect(204, 326, 72, 6, pen.dark, 3) + rect(216, 342, 48, 5, pen.dark, 2)
    return jar + lid + label


def mirror(pen: Pen) -> str:
    return pen.body(disc(240, 252, 142, 142)) + circle(240, 252, 125, "#d5e2e3") + SHINE


def arch(pen: Pen) -> str:
    frame = pen.body("M122 396V200C122 42 358 42 358 200V396Z")
    return frame + path("M138 382V202C138 64 342 64 342 202V382Z", "#d5e2e3") + SHINE


def towelroll(pen: Pen) -> str:
    rolls = "".join(
        pen.body(box(x - 66, y - 42, 132, 84, 42), fill, shade_from=x + 30)
        + ellipse(x - 36, y, 28, 34, mix(fill, "#3a2418", 0.14))
        + line(f"M{x - 36} {y}c10 -16 22 4 8 14c-18 8 -30 -20 -12 -30", fill, 5)
        for x, y, fill in ((176, 350, pen.base), (314, 350, pen.light), (246, 276, pen.dark))
    )
    return (
        rolls
        + rect(236, 234, 18, 84, PAPER, 3)
        + path("M246 234C226 202 242 182 256 172C268 198 266 218 246 234Z", LEAF)
    )


def preserve(pen: Pen) -> str:
    cloth = pen.body("M160 190C170 130 310 130 320 190L340 214H140Z", PAPER, "check") + rect(
        158, 200, 164, 9, "#c4704f", 4
    )
    jar = pen.body(turned([(74, 208), (98, 244), (98, 372), (86, 396)]))
    label = (
        rect(172, 272, 136, 82, PAPER, 6)
        + rect(192, 292, 96, 8, pen.dark, 3)
        + rect(206, 312, 68, 6, pen.base, 3)
        + circle(240, 334, 8, pen.base)
    )
    return jar + cloth + label + line("M156 260V366", pen.light, 7)


def tin(pen: Pen) -> str:
    caddy = pen.body(box(158, 176, 164, 220, 10), pattern=pen.one_of("plain", "dots", "chevrons"))
    lid = pen.body(box(152, 144, 176, 42, 10), pen.dark)
    label = (
        ellipse(240, 290, 62, 54, PAPER)
        + path("M240 256C272 268 276 300 262 324C236 316 226 286 240 256Z", LEAF)
        + rect(212, 326, 56, 4, pen.dark, 2)
    )
    return caddy + lid + label


def coffee(pen: Pen) -> str:
    bag = pen.body("M160 150H320L334 386Q334 396 324 396H156Q146 396 146 386Z") + rect(154, 124, 172, 34, pen.dark, 4)
    label = rect(184, 222, 112, 112, PAPER, 6) + rect(204, 306, 72, 6, pen.dark, 3)
    bean = turned_by(28, 240, 264, ellipse(240, 264, 20, 29, "#6f4730") + line("M240 240q9 24 0 48", PAPER, 4))
    return bag + label + bean + circle(240, 192, 7, pen.light)


def oil(pen: Pen) -> str:
    glass = mix(pen.base, "#20180f", 0.25)
    bottle = pen.body(turned([(22, 128), (22, 198), (64, 258), (64, 396)]), glass) + rect(216, 96, 48, 38, WOOD, 6)
    label = rect(186, 282, 108, 88, PAPER, 4) + circle(240, 312, 15, pen.base) + rect(206, 340, 68, 6, pen.dark, 3)
    return bottle + label + line("M192 276V384", mix(glass, "#fff", 0.3), 6)


def box_of(pen: Pen) -> str:
    front = pen.body(
        box(140, 196, 184, 200, 4), pattern=pen.one_of("plain", "stripes", "dots", "uprights"), shade_from=480
    )
    side = path("M324 196L364 166V372L324 396Z", pen.dark) + path("M140 196L180 166H364L324 196Z", pen.light)
    label = (
        rect(166, 244, 132, 92, PAPER, 6)
        + rect(188, 268, 88, 8, pen.dark, 3)
        + rect(202, 288, 60, 6, pen.base, 3)
        + rect(212, 306, 40, 5, pen.base, 2)
    )
    return side + front + label + rect(140, 196, 184, 10, pen.dark)


MOTIFS: dict[str, Motif] = {
    motif.__name__.removesuffix("_of"): motif
    for motif in (
        notebook, pens, clock, hourglass, books, envelope, desklamp,
        soap, pump, brush, tub, mirror, arch, towelroll,
        preserve, tin, coffee, oil, box_of,
    )
}  # fmt: skip
