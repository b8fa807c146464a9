"""Kitchen, table, lighting and textiles."""

from __future__ import annotations

from retail.storefront.seed.pictures.pen import (
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

GLOW = "#ffe9b0"


def mug(pen: Pen) -> str:
    width, top = pen.some(74, 92), pen.some(206, 232)
    handle = line(f"M{232 + width} {top + 40}c62 -14 62 92 0 84", pen.dark, 20)
    steam = "".join(line(f"M{x} {top - 26}c-16 -22 16 -32 0 -58", "#fffaf0", 7) for x in (212, 252))
    inside = ellipse(240, top, width, 15, pen.dark) + ellipse(240, top + 3, width - 9, 10, "#5a3a26")
    outline = turned([(width, top), (width, 360), (width - 18, 396)])
    return steam + handle + pen.body(outline, pattern=pen.pattern()) + inside


def pan(pen: Pen) -> str:
    radius = pen.some(112, 126)
    handle = line("M296 290L420 376", WOOD_DARK, 26) + line("M296 290L344 323", STEEL_DARK, 16)
    inner = circle(216, 236, radius - 16, pen.dark) + ellipse(190, 204, 46, 26, mix(pen.dark, "#fff", 0.12))
    return handle + circle(412, 370, 6, WOOD) + pen.body(disc(216, 236, radius, radius)) + inner


def casserole(pen: Pen) -> str:
    width = pen.some(122, 140)
    ears = rect(240 - width - 26, 290, 40, 20, pen.dark, 10) + rect(226 + width - 12, 290, 40, 20, pen.dark, 10)
    pot = pen.body(box(240 - width, 262, 2 * width, 132, 26), pattern=pen.one_of("plain", "band"))
    lid = pen.body(f"M{234 - width} 262C{240 - width} 196 {240 + width} 196 {246 + width} 262Z", pen.dark)
    return ears + pot + lid + rect(236 - width, 254, 2 * width + 8, 13, pen.light, 6) + circle(240, 204, 17, WOOD)


def kettle(pen: Pen) -> str:
    belly = turned([(46, 224), (112, 318), (104, 396)])
    spout = path("M326 330C380 316 366 262 404 242L418 262C392 286 398 352 332 372Z", pen.dark)
    handle = line("M166 250C150 130 330 130 314 250", WOOD_DARK, 17)
    lid = ellipse(240, 224, 52, 13, pen.dark) + circle(240, 206, 12, WOOD)
    return handle + spout + pen.body(belly, pattern=pen.one_of("plain", "band", "speckle")) + lid


def board(pen: Pen) -> str:
    grain = "".join(
        line(f"M{x} 200q{pen.some(-8, 8)} 80 0 170", pen.dark, 2) for x in range(170, 320, pen.some(20, 28))
    )
    plank = pen.body(box(146, 168, 188, 226, 26)) + grain
    neck = rect(214, 96, 52, 96, pen.base, 24) + circle(240, 124, 11, pen.dark)
    return turned_by(pen.some(-9, 9), 240, 380, neck + plank)


def knife(pen: Pen) -> str:
    blade = path("M226 96C276 140 282 230 270 292H226Z", "#dfe3e4") + path("M226 96L238 292H226Z", STEEL)
    grip = pen.body(box(222, 300, 44, 104, 16), shade_from=246)
    rivets = circle(244, 326, 5, pen.light) + circle(244, 376, 5, pen.light)
    return turned_by(pen.some(14, 30), 240, 290, blade + rect(220, 288, 52, 16, STEEL_DARK, 4) + grip + rivets)


def crock(pen: Pen) -> str:
    spoon = line("M204 300L178 150", WOOD, 12) + ellipse(174, 128, 22, 32, WOOD)
    spatula = line("M240 300V160", WOOD_DARK, 12) + rect(220, 90, 40, 82, WOOD_DARK, 12)
    fork = line("M276 300L306 158", mix(WOOD, "#fff", 0.25), 12) + ellipse(310, 136, 20, 28, mix(WOOD, "#fff", 0.25))
    jar = pen.body(turned([(70, 256), (84, 330), (74, 396)]), pattern=pen.pattern())
    return spoon + spatula + fork + jar + ellipse(240, 256, 70, 11, pen.dark)


def grinder(pen: Pen) -> str:
    waist = pen.some(28, 40)
    mill = turned([(30, 150), (56, 196), (waist, 262), (50, 330), (62, 396)])
    return (
        circle(240, 132, 22, STEEL)
        + pen.body(mill)
        + rect(180, 226, 120, 9, pen.dark, 4)
        + ellipse(240, 396, 62, 6, pen.dark)
    )


def plate(pen: Pen) -> str:
    rings = pen.body(disc(240, 252, 150, 142)) + ellipse(240, 252, 138, 130, pen.light)
    well = pen.body(disc(240, 254, 98, 92), mix(pen.base, "#fffaf0", 0.3), pen.one_of("plain", "speckle", "speckle"))
    if pen.some(0, 1):
        return rings + well + line("M186 292C206 236 262 206 298 210", pen.dark, 9)
    return rings + well


def bowl(pen: Pen) -> str:
    width, top = pen.some(122, 150), pen.some(246, 272)
    left, right = 240 - width, 240 + width
    outline = f"M{left} {top}C{left} {top + 110} 188 384 190 396H290C292 384 {right} {top + 110} {right} {top}Z"
    inside = ellipse(240, top, width, 26, pen.dark) + ellipse(240, top + 5, width - 14, 18, pen.light)
    return pen.body(outline, pattern=pen.pattern()) + inside


def glass(pen: Pen) -> str:
    top, width = pen.some(176, 212), pen.some(62, 78)
    outline = turned([(width, top), (width - 10, 396)])
    water = path(f"M{246 - width} {top + 70}H{234 + width}L{228 + width} 384H{252 - width}Z", pen.base)
    return (
        f'<g opacity=".92">{path(outline, mix(pen.light, "#fff", 0.4))}{water}</g>'
        + ellipse(240, top, width, 11, mix(pen.light, "#fff", 0.15))
        + line(f"M{256 - width} {top + 30}V350", "#ffffff", 8)
    )


def carafe(pen: Pen) -> str:
    outline = turned([(42, 132), (32, 200), (92, 300), (84, 396)])
    wine = turned([(92, 300), (84, 396)])
    return (
        pen.body(outline, mix(pen.light, "#fff", 0.25)) + pen.body(wine, pen.base) + ellipse(240, 132, 42, 9, pen.dark)
    )


def teapot(pen: Pen) -> str:
    spout = path("M320 330C368 318 362 254 402 236L414 258C388 280 396 352 326 372Z", pen.dark)
    handle = line("M152 264C70 250 78 372 160 356", pen.dark, 18)
    belly = pen.body(turned([(58, 222), (112, 300), (70, 396)]), pattern=pen.pattern())
    lid = pen.body("M178 224C186 182 294 182 302 224Z", pen.dark) + circle(240, 186, 14, pen.base)
    return spout + handle + belly + lid


def cup(pen: Pen) -> str:
    width, top = pen.some(76, 96), pen.some(256, 282)
    saucer = ellipse(240, 392, 140, 17, pen.dark) + ellipse(240, 386, 140, 15, pen.light)
    handle = line(f"M{234 + width} {top + 26}c48 -10 40 62 -12 54", pen.dark, 15)
    left, right = 240 - width, 240 + width
    outline = f"M{left} {top}C{left + 4} {top + 80} 196 384 204 386H276C284 384 {right - 4} {top + 80} {right} {top}Z"
    drink = ellipse(240, top, width, 17, pen.dark) + ellipse(240, top + 3, width - 9, 12, "#6f4730")
    return saucer + handle + pen.body(outline, pattern=pen.pattern()) + drink


def vase(pen: Pen) -> str:
    stem = line("M240 240C236 180 262 150 256 110", "#5f8257", 7)
    petals = "".join(turned_by(angle, 256, 102, ellipse(256, 76, 13, 26, "#f3d9a4")) for angle in range(0, 360, 60))
    leaf = path("M246 190C290 180 300 150 304 136C270 140 250 160 246 190Z", "#5f8257")
    return (
        stem
        + leaf
        + petals
        + circle(256, 102, 12, WOOD)
        + pen.body(turned([(24, 218), (20, 256), (78, 340), (52, 396)]))
    )


def tablelamp(pen: Pen) -> str:
    shade = pen.body("M180 112H300L336 234H144Z", PAPER, pen.one_of("plain", "uprights"))
    foot = pen.body(turned([(12, 232), (pen.some(58, 84), 330), (50, 390), (66, 398)]), pattern=pen.pattern())
    return ellipse(240, 242, 132, 40, GLOW) + foot + shade + rect(144, 228, 192, 8, mix(PAPER, "#8a5f3c", 0.25), 4)


def pendant(pen: Pen) -> str:
    cord = line("M240 0V136", STEEL_DARK, 5)
    beam = f'<path d="M126 284L70 420H410L354 284Z" fill="{GLOW}" opacity=".55"/>'
    dome = pen.one_of("M116 286C116 176 178 136 240 136S364 176 364 286Z", "M120 286L206 150H274L360 286Z")
    return cord + beam + circle(240, 288, 30, "#fff6da") + pen.body(dome) + rect(222, 122, 36, 26, pen.dark, 8)


def floorlamp(pen: Pen) -> str:
    return line("M240 140V390", pen.dark, 9) + ellipse(240, 394, 62, 9, pen.dark) + _tall_shade(pen)


def tripod(pen: Pen) -> str:
    return line("M240 196L178 394M240 196L302 394M240 196V390", pen.dark, 9) + _tall_shade(pen)


def _tall_shade(pen: Pen) -> str:
    shade = pen.body("M190 66H290L318 176H162Z", PAPER, pen.one_of("plain", "uprights"))
    return ellipse(240, 180, 104, 32, GLOW) + shade + rect(162, 171, 156, 7, pen.base, 3)


def candle(pen: Pen) -> str:
    top = pen.some(212, 250)
    flame = path(
        f"M240 {top - 78}C266 {top - 44} 260 {top - 14} 240 {top - 12}C220 {top - 14} 214 {top - 44} 240 {top - 78}Z",
        "#f0a63a",
    )
    heart = path(
        f"M240 {top - 48}C252 {top - 30} 250 {top - 16} 240 {top - 15}C230 {top - 16} 228 {top - 30} 240 {top - 48}Z",
        "#fff0c2",
    )
    wax = pen.body(box(176, top, 128, 396 - top, 10), pattern="plain") + ellipse(240, top + 3, 64, 12, pen.light)
    label = rect(200, 308, 80, 52, PAPER, 4) + rect(214, 324, 52, 5, pen.dark, 2) + rect(222, 338, 36, 4, pen.dark, 2)
    return circle(240, top - 40, 62, GLOW) + flame + heart + line(f"M240 {top}V{top - 16}", "#3a2a20", 5) + wax + label


def lantern(pen: Pen) -> str:
    ring = f'<circle cx="240" cy="128" r="26" fill="none" stroke="{pen.dark}" stroke-width="9"/>'
    panes = rect(168, 208, 144, 164, "#fff1c9") + circle(240, 318, 44, GLOW)
    light = rect(222, 316, 36, 56, PAPER, 4) + path(
        "M240 262C258 288 254 312 240 314C226 312 222 288 240 262Z", "#f0a63a"
    )
    frame = "".join(rect(x, 204, 11, 176, pen.base) for x in (160, 234, 308))
    roof = pen.body("M146 210L206 150H274L334 210Z")
    return ring + panes + light + frame + roof + pen.body(box(146, 372, 188, 24, 6))


def cushion(pen: Pen) -> str:
    outline = (
        "M110 186C160 200 320 200 370 186C356 240 356 330 370 390C320 376 160 376 110 390C124 330 124 240 110 186Z"
    )
    seam = line("M128 206C180 216 300 216 352 206", pen.light, 4)
    pattern = pen.one_of("plain", "stripes", "uprights", "check", "chevrons", "dots")
    return turned_by(pen.some(-5, 5), 240, 300, pen.body(outline, pattern=pattern) + seam)


def throw(pen: Pen) -> str:
    pattern = pen.one_of("stripes", "check", "chevrons", "uprights")
    folds = "".join(
        pen.body(box(110, y, 260, 60, 28), fill, pattern if fill == pen.base else "plain")
        for y, fill in ((336, pen.dark), (282, pen.base), (228, pen.base))
    )
    fringe = "".join(line(f"M{x} 350v36", pen.light, 5) for x in range(286, 352, 11))
    return folds + pen.body("M270 230H360V352H270Z", pen.base, pattern) + fringe


def towel(pen: Pen) -> str:
    bar = rect(104, 130, 272, 12, WOOD_DARK, 6) + circle(104, 136, 11, WOOD) + circle(376, 136, 11, WOOD)
    cloth = pen.body(box(152, 132, 176, 232, 6), pattern=pen.one_of("check", "uprights", "plain"))
    hem = rect(152, 316, 176, 10, pen.dark) + rect(152, 334, 176, 5, pen.dark)
    return pen.body(box(170, 132, 176, 206, 6), pen.dark) + cloth + hem + bar


def rug(pen: Pen) -> str:
    outline = "M126 186H354L420 392H60Z"
    bands = ""
    for y, height, fill in ((206, 12, pen.light), (232, 8, pen.dark), (330, 14, pen.light), (358, 9, pen.dark)):
        # The rug lies on the floor: its edges run apart towards the onlooker.
        left, right = 126 - (y - 186) * 0.32, 354 + (y - 186) * 0.32
        bands += path(f"M{left:.1f} {y}H{right:.1f}L{right + 3:.1f} {y + height}H{left - 3:.1f}Z", fill)
    middle = "".join(
        path(f"M{x} 262l24 24l-24 24l-24 -24Z", pen.light if place % 2 else pen.dark)
        for place, x in enumerate(range(140, 360, 50))
    )
    fringe = "".join(line(f"M{x} 394v14", pen.light, 4) for x in range(68, 420, 14))
    return fringe + pen.body(outline, shade_from=480) + bands + middle


MOTIFS: dict[str, Motif] = {
    motif.__name__: motif
    for motif in (
        mug, pan, casserole, kettle, board, knife, crock, grinder,
        plate, bowl, glass, carafe, teapot, cup, vase,
        tablelamp, pendant, floorlamp, tripod, candle, lantern,
        cushion, throw, towel, rug,
    )
}  # fmt: skip
