"""Garden, travel and play."""

from __future__ import annotations

from retail.storefront.seed.pictures.pen import (
    LEAF,
    LEAF_DARK,
    LEAF_LIGHT,
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

TOYS = ("#c4704f", "#dfa53c", "#94a887", "#34507a", "#d99a94", "#8fb6c9")


def _potted(pen: Pen, leaves: str) -> str:
    vessel = pen.body("M166 284H314L296 396H184Z", pattern=pen.pattern())
    return leaves + vessel + rect(156, 268, 168, 26, pen.dark, 6)


def snakeplant(pen: Pen) -> str:
    blades = "".join(
        turned_by(angle, 240, 290, path(f"M224 290C214 220 226 160 240 {tip}C254 160 266 220 256 290Z", fill))
        for angle, tip, fill in (
            (-30, 150, LEAF_DARK),
            (30, 160, LEAF_DARK),
            (-14, 96, LEAF),
            (16, 112, LEAF),
            (0, pen.some(66, 92), LEAF_LIGHT),
        )
    )
    return _potted(pen, blades)


def fern(pen: Pen) -> str:
    frond = line("M240 280C238 220 240 160 240 96", LEAF_DARK, 5) + "".join(
        ellipse(240 + side * 17, y, 18, 8, LEAF if y % 40 else LEAF_LIGHT)
        for y in range(110, 260, 20)
        for side in (-1, 1)
    )
    return _potted(pen, "".join(turned_by(angle, 240, 290, frond) for angle in (-58, -30, 30, 58, 0)))


def cactus(pen: Pen) -> str:
    arms = line("M240 232H178V180M240 210H304V152", LEAF, 38)
    ribs = line("M228 130V268M252 130V268", LEAF_DARK, 3)
    flowers = circle(240, 98, 13, "#d99a94") + circle(304, 132, 10, "#d99a94")
    return _potted(pen, arms + rect(204, 100, 72, 190, LEAF, 36) + ribs + flowers)


def pilea(pen: Pen) -> str:
    places = ((240, 118), (178, 150), (302, 146), (150, 214), (330, 210), (208, 196), (276, 190), (240, 238))
    stems = "".join(line(f"M240 284Q240 {(y + 284) // 2} {x} {y}", LEAF_DARK, 4) for x, y in places)
    discs = "".join(circle(x, y, pen.some(25, 34), pen.one_of(LEAF, LEAF_DARK, LEAF_LIGHT)) for x, y in places)
    return _potted(pen, stems + discs)


def can(pen: Pen) -> str:
    spout = line("M312 358L396 232", pen.dark, 18) + turned_by(34, 404, 218, ellipse(404, 218, 34, 12, STEEL))
    handle = line("M176 244C120 200 92 300 158 350", pen.dark, 15) + line(
        "M184 232C200 158 284 158 298 232", pen.dark, 13
    )
    return (
        spout
        + handle
        + pen.body(turned([(74, 232), (82, 396)]), pattern=pen.one_of("plain", "band"))
        + ellipse(240, 232, 74, 12, pen.dark)
    )


def trowel(pen: Pen) -> str:
    blade = path("M204 108C198 50 282 50 276 108V190C276 214 256 226 240 232C224 226 204 214 204 190Z", STEEL)
    ridge = line("M240 92V206", STEEL_DARK, 5)
    neck = line("M240 226V286", STEEL_DARK, 13)
    grip = pen.body(turned([(17, 282), (25, 336), (21, 396)])) + circle(240, 384, 6, PAPER)
    return turned_by(pen.some(-24, 24), 240, 300, blade + ridge + neck + grip)


def seeds(pen: Pen) -> str:
    bag = pen.body(box(146, 120, 188, 276, 8), PAPER) + rect(146, 120, 188, 40, pen.base)
    petals = "".join(
        turned_by(angle, 240, 244, ellipse(240, 208, 13, 30, pen.base))
        for angle in range(0, 360, 360 // pen.some(7, 11))
    )
    stem = line("M240 262V352", LEAF, 7) + path("M240 330C270 326 284 308 288 296C262 298 244 310 240 330Z", LEAF)
    return turned_by(
        pen.some(-7, 7),
        240,
        380,
        bag + stem + petals + circle(240, 244, 22, pen.dark) + rect(190, 366, 100, 7, pen.light, 3),
    )


def planter(pen: Pen) -> str:
    herbs = "".join(
        line(
            f"M{x} 312q{pen.some(-16, 16)} -50 {pen.some(-14, 14)} -{pen.some(80, 136)}", pen.one_of(LEAF, LEAF_DARK), 7
        )
        + circle(x + pen.some(-16, 16), pen.some(190, 250), pen.some(12, 22), pen.one_of(LEAF, LEAF_LIGHT, "#d99a94"))
        for x in range(132, 360, 22)
    )
    slats = line("M104 336H376M104 364H376", pen.dark, 3)
    return herbs + pen.body(box(100, 300, 280, 94, 8)) + slats


def pot(pen: Pen) -> str:
    vessel = pen.body("M140 226H340L312 396H168Z", pattern=pen.pattern())
    return vessel + pen.body(box(126, 190, 228, 44, 8), pen.dark) + ellipse(240, 192, 106, 10, "#5a3d2b")


def tote(pen: Pen) -> str:
    straps = line("M186 220C186 96 294 96 294 220", pen.dark, 13)
    label = rect(284, 350, 40, 24, PAPER, 3)
    return (
        straps
        + pen.body("M134 204H346L362 396H118Z", pattern=pen.one_of("plain", "stripes", "uprights", "dots"))
        + label
    )


def backpack(pen: Pen) -> str:
    loop = line("M214 124C214 86 266 86 266 124", pen.dark, 11)
    straps = line("M146 220C112 260 112 340 148 372M334 220C368 260 368 340 332 372", pen.dark, 17)
    sack = pen.body("M142 212C142 92 338 92 338 212V370Q338 396 312 396H168Q142 396 142 370Z")
    pocket = pen.body(box(168, 284, 144, 94, 16), pen.dark) + line("M184 306H296", pen.light, 5)
    flap = pen.body("M142 212C142 92 338 92 338 212V236H142Z", mix(pen.base, "#fffaf0", 0.18))
    return loop + straps + sack + flap + pocket + rect(226, 222, 28, 40, WOOD_DARK, 5)


def flask(pen: Pen) -> str:
    bottle = pen.body(turned([(38, 172), (60, 226), (60, 396)]), pattern=pen.one_of("plain", "band", "speckle"))
    cap = pen.body(box(202, 106, 76, 70, 12), pen.one_of(WOOD, STEEL))
    return bottle + cap + line("M204 246V370", pen.light, 7)


def pouch(pen: Pen) -> str:
    bag = pen.body(
        "M112 238H368C380 300 376 360 362 394H118C104 360 100 300 112 238Z",
        pattern=pen.one_of("plain", "dots", "check"),
    )
    zipper = rect(112, 230, 256, 15, mix(pen.base, "#3a2418", 0.45), 7) + line("M352 238l30 34", "#c39a4b", 8)
    return bag + zipper + rect(150, 334, 54, 32, PAPER, 4)


def suitcase(pen: Pen) -> str:
    handle = line("M200 132V82H280V132", STEEL_DARK, 11)
    shell = pen.body(box(140, 128, 200, 252, 26)) + "".join(
        rect(x, 150, 8, 208, pen.dark, 4) for x in range(166, 330, 28)
    )
    wheels = circle(176, 386, 13, "#3a3432") + circle(304, 386, 13, "#3a3432")
    return handle + wheels + shell + rect(212, 228, 56, 34, PAPER, 5)


def umbrella(pen: Pen) -> str:
    stick = line("M240 110V352C240 398 186 396 190 356", WOOD_DARK, 12)
    dome = pen.body(
        "M74 246C84 132 180 104 240 104S396 132 406 246"
        "C380 222 350 222 324 246C298 222 266 222 240 246C214 222 182 222 156 246C130 222 100 222 74 246Z"
    )
    ribs = line("M240 108C206 140 164 190 156 244M240 108C274 140 316 190 324 244", pen.light, 4)
    return stick + dome + ribs + line("M240 84V104", WOOD_DARK, 9)


def blocks(pen: Pen) -> str:
    colours = [pen.base, *pen.random.sample(TOYS, 5)]
    arch = path("M118 302H214V396H192C192 346 140 346 140 396H118Z", colours[1])
    cubes = "".join(
        pen.body(box(x, y, 92, 92, 6), fill, shade_from=x + 66)
        for x, y, fill in ((270, 304, colours[0]), (176, 210, colours[2]))
    )
    roof = path("M170 210L222 138L274 210Z", colours[3]) + path(
        "M222 138L274 210H222Z", mix(colours[3], "#2a1608", 0.12)
    )
    ball = circle(318, 276, 28, colours[4]) + circle(310, 268, 8, mix(colours[4], "#fff", 0.4))
    return arch + cubes + roof + ball


def rings(pen: Pen) -> str:
    colours = [pen.base, *(tone for tone in TOYS if tone != pen.base)]
    stack = "".join(
        pen.body(box(240 - width, 352 - step * 38, 2 * width, 38, 19), colours[step % len(colours)])
        for step, width in enumerate(range(112, 42, -14))
    )
    return (
        rect(232, 132, 16, 240, WOOD, 8)
        + ellipse(240, 390, 128, 12, WOOD_DARK)
        + stack
        + circle(240, 142, 22, colours[1])
    )


def boat(pen: Pen) -> str:
    hull = pen.body("M92 316H388C376 366 348 396 318 396H162C132 396 104 366 92 316Z")
    sails = path("M250 106C320 160 342 230 346 296H250Z", PAPER) + path(
        "M230 142C184 190 158 244 150 296H230Z", pen.light
    )
    return (
        line("M240 96V318", WOOD_DARK, 10)
        + sails
        + path("M240 92l44 14l-44 16Z", pen.dark)
        + hull
        + line("M110 340H370", pen.light, 7)
    )


def kite(pen: Pen) -> str:
    sail = (
        pen.body("M240 54L340 176L240 330L140 176Z")
        + path("M240 54L340 176H240Z", pen.light)
        + path("M240 330L140 176H240Z", pen.dark)
    )
    tail = line("M240 330C290 356 196 374 250 400S232 440 262 446", WOOD_DARK, 4)
    bows = "".join(
        path(f"M{x} {y}l-20 -11v22Z M{x} {y}l20 -11v22Z", pen.base) for x, y in ((252, 352), (234, 384), (244, 420))
    )
    return turned_by(pen.some(10, 24), 240, 220, line("M240 54V330M140 176H340", WOOD, 5) + sail + tail + bows)


def top(pen: Pen) -> str:
    cone = pen.body("M112 232C128 302 200 352 240 396C280 352 352 302 368 232Z", pattern=pen.one_of("stripes", "band"))
    return turned_by(
        pen.some(-14, 14),
        240,
        396,
        line("M240 132V232", WOOD, 15)
        + circle(240, 128, 15, pen.dark)
        + cone
        + ellipse(240, 232, 128, 27, pen.light)
        + ellipse(240, 230, 74, 15, pen.base),
    )


def rocket(pen: Pen) -> str:
    fins = path("M184 290L128 372V396L196 366Z", pen.dark) + path("M296 290L352 372V396L284 366Z", pen.dark)
    fire = path("M210 372C214 410 232 424 240 440C248 424 266 410 270 372Z", "#f0a63a")
    hull = pen.body("M240 70C296 124 308 220 286 374H194C172 220 184 124 240 70Z", PAPER)
    nose = pen.body("M240 70C264 94 280 124 288 158H192C200 124 216 94 240 70Z")
    return (
        fire
        + fins
        + hull
        + nose
        + circle(240, 222, 33, pen.base)
        + circle(240, 222, 22, "#8fb6c9")
        + rect(190, 328, 100, 15, pen.base)
    )


def bear(pen: Pen) -> str:
    ears = "".join(circle(x, 126, 34, pen.base) + circle(x, 126, 18, pen.light) for x in (172, 308))
    limbs = "".join(
        ellipse(x, y, rx, ry, pen.dark)
        for x, y, rx, ry in ((152, 296, 30, 54), (328, 296, 30, 54), (190, 376, 42, 26), (290, 376, 42, 26))
    )
    torso = pen.body(disc(240, 314, 84, 80)) + ellipse(240, 326, 48, 48, pen.light)
    face = (
        ellipse(240, 214, 38, 29, pen.light)
        + ellipse(240, 202, 13, 9, "#3a2a20")
        + line("M240 210V222M226 226q14 10 28 0", "#3a2a20", 4)
    )
    eyes = circle(206, 176, 8, "#3a2a20") + circle(274, 176, 8, "#3a2a20")
    return ears + limbs + torso + pen.body(disc(240, 184, 92, 80), shade_from=290) + face + eyes


def puzzle(pen: Pen) -> str:
    tones = [pen.base, pen.light, pen.dark, *pen.random.sample(TOYS, 1)]
    pen.random.shuffle(tones)
    pieces = "".join(
        rect(x, y, 120, 120, tone, 8)
        for (x, y), tone in zip(((118, 152), (242, 152), (118, 276), (242, 276)), tones, strict=True)
    )
    knobs = (
        circle(246, 212, 20, tones[0])
        + circle(302, 278, 20, tones[1])
        + circle(234, 336, 20, tones[3])
        + circle(178, 268, 20, tones[2])
    )
    return turned_by(pen.some(-6, 6), 240, 274, pieces + knobs)


MOTIFS: dict[str, Motif] = {
    motif.__name__: motif
    for motif in (
        snakeplant, fern, cactus, pilea, can, trowel, seeds, planter, pot,
        tote, backpack, flask, pouch, suitcase, umbrella,
        blocks, rings, boat, kite, top, rocket, bear, puzzle,
    )
}  # fmt: skip
