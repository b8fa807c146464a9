"""What else a shopper may like: asked of a model in Bedrock, which must be quick; the page does well without (T120)."""

from __future__ import annotations

import json
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from retail.storefront.catalogue import Product, Summary

log = logging.getLogger(__name__)

SHOWN = 4
"""How many products are recommended."""

CANDIDATES = 40
"""Of how many the model may choose."""

SECONDS = 1.0
"""How long a page waits for the model."""

PAUSE_SECONDS = 30.0
"""How long a model that failed or was late is not asked."""

KEPT_SECONDS = 3600.0
KEPT = 2_000
"""How many products' answers a process keeps, and for how long: an answer costs money and seldom changes."""

THREADS = 4
ANSWER_TOKENS = 200


class Recommendations:
    """Recommends products; what the model says is only a choice among products that the shop really has."""

    def __init__(self, bedrock: Any, model_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        self._bedrock = bedrock
        self._model_id = model_id
        self._clock = clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="recommendations")
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[float, list[str]]] = OrderedDict()
        self._quiet_until = float("-inf")

    def for_product(self, product: Product, candidates: Sequence[Summary]) -> tuple[Summary, ...]:
        """Up to SHOWN of the candidates, and not the product itself. Without a usable answer: the first of the same
        category. Never raises because of the model.
        """
        others = [each for each in candidates if each.sku != product.sku and each.availability != "none"][:CANDIDATES]
        by_sku = {each.sku: each for each in others}
        plain = sorted(others, key=lambda each: each.category != product.category)
        chosen = [by_sku[sku] for sku in self._chosen(product, others) if sku in by_sku]
        return tuple(dict.fromkeys([*chosen, *plain]))[:SHOWN]

    def close(self) -> None:
        """Wait for nobody."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _chosen(self, product: Product, others: Sequence[Summary]) -> list[str]:
        now = self._clock()
        with self._lock:
            kept = self._kept.get(product.sku)
            if kept and kept[0] > now:
                return kept[1]
            if not others or now < self._quiet_until:
                return []
        try:
            chosen = self._threads.submit(self._ask, product, others).result(SECONDS)
        except Exception as error:
            # Too late, refused, or no sense in it: botocore's parsers let out whatever such an answer makes them raise.
            log.warning("no recommendations", extra={"error": f"{type(error).__name__}: {error}"})
            with self._lock:
                self._quiet_until = self._clock() + PAUSE_SECONDS
            return []
        with self._lock:
            self._kept[product.sku] = (now + KEPT_SECONDS, chosen)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return chosen

    def _ask(self, product: Product, others: Sequence[Summary]) -> list[str]:
        """The SKUs in the model's answer, which is a JSON list with or without words around it."""
        offered = "\n".join(f"{each.sku}: {each.name} ({each.category})" for each in others)
        question = f"A shopper looks at: {product.name} ({product.category}).\nProducts to choose from:\n{offered}"
        answer = self._bedrock.converse(
            modelId=self._model_id,
            system=[{"text": INSTRUCTION}],
            messages=[{"role": "user", "content": [{"text": question}]}],
            inferenceConfig={"maxTokens": ANSWER_TOKENS, "temperature": 0.2},
        )
        text = "".join(part.get("text", "") for part in answer["output"]["message"]["content"])
        found = re.search(r"\[.*?\]", text, re.DOTALL)
        if not found:
            raise ValueError("the model's answer holds no list")
        return [sku for sku in json.loads(found.group()) if isinstance(sku, str)]


INSTRUCTION = (
    f"You recommend products of a shop. Choose the {SHOWN} that go best with the one the shopper looks at. "
    "Answer with a JSON list of their numbers and nothing else."
)
