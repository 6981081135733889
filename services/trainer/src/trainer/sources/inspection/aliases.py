"""What other systems call an order's fields, in their exports and interfaces, as `snake` writes names.

Shopify, WooCommerce, Medusa, Amazon (order and fulfilment reports), ShipStation, Google's OrderTrackingSignal, Olist,
and what people call their columns, in English and a few other languages. The first alias that a table has is the one.
"""

from collections.abc import Sequence

from common.orders.names import FIELDS, OLD_NAMES, SPANS
from trainer.sources.personal import is_personal_name, snake

_ORIGINS = """
    origin seller warehouse restaurant store pickup sender ship_from from org source org_location restaurant_location
"""
_DESTINATIONS = """
    destination customer shipping ship ship_to shipping_address delivery recipient dest dropoff drop to des_location
    delivery_location
"""
_CODE = (
    "postal_code postcode zip zip_code zip_code_prefix zipcode pin_code plz postleitzahl code_postal codigo_postal cep"
)
_COUNTRY = "country country_code country_iso region_code land pays pais"
_REGION = "region state province province_code bundesland provincia uf departement"
_LAT, _LNG = "lat latitude", "lng longitude lon long"


def _each(ends: str, words: str) -> str:
    """Every end with every word; a destination's word may stand alone."""
    joined = [f"{end}_{word}" for word in words.split() for end in ends.split()]
    return " ".join(joined) + (f" {words}" if ends is _DESTINATIONS else "")


_TEXT = {
    "order_id": """
        amazon_order_id order_number order_no order_ref orderid shipment_id consignment_id booking_id tracking_number
        tracking_id id
        bestellnummer auftragsnummer numero_de_commande numero_commande numero_de_pedido numero_pedido bestelnummer
        ordernummer
    """,
    "purchase_timestamp": """
        order_purchase_timestamp ordered_at order_created_time order_created_at purchase_date purchased_at order_date
        order_datetime order_time order_timestamp placed_at order_placed_at date_created created_at create_date
        order_created_date booking_date booked_at po_sent_to_vendor_date pq_first_sent_to_client_date po_date created
        bestelldatum auftragsdatum bestellt_am kaufdatum date_de_commande date_commande fecha_de_pedido fecha_pedido
        fecha_de_compra fecha_compra data_do_pedido data_pedido data_da_compra data_compra besteldatum orderdatum
    """,
    "shipped_timestamp": """
        order_delivered_carrier_date shipped_at shipped_time shipping_info_shipped_time shipped_date ship_date
        shipment_date date_shipped fulfilled_at dispatched_at dispatch_date shipping_date picked_up_at pickup_date
        trip_start_date
        versanddatum versendet_am date_d_expedition date_expedition fecha_de_envio fecha_envio data_de_envio data_envio
        verzenddatum
    """,
    "delivered_timestamp": """
        order_delivered_customer_date delivered_at actual_delivery_time shipping_info_actual_delivery_time
        actual_delivery_date delivered_date date_delivered delivered_on delivered_time delivery_timestamp delivered
        arrived_at arrival_date trip_end_date actual_eta delivered_to_client_date delivery_date date_completed
        lieferdatum zustelldatum geliefert_am zugestellt_am date_de_livraison date_livraison fecha_de_entrega
        fecha_entrega data_de_entrega data_da_entrega data_entrega bezorgdatum leverdatum
    """,
    "promised_timestamp": """
        order_estimated_delivery_date promised_at promised_date promise_date latest_delivery_promise_time
        shipping_info_latest_delivery_promise_time latest_delivery_date estimated_delivery_date expected_delivery_date
        estimated_arrival_date scheduled_delivery_date planned_delivery_date estimated_delivery expected_at planned_eta
        eta
        liefertermin date_de_livraison_prevue date_livraison_prevue fecha_estimada_de_entrega fecha_estimada
        previsao_de_entrega verwachte_leverdatum
    """,
    "origin_id": """
        seller_id warehouse_id vendor_id supplier_id merchant_id store_id site_id location_id fulfillment_center_id
        restaurant_id sender_id seller warehouse vendor manufacturing_site
        kitchen_id kitchen restaurant hub_id hub depot branch_id branch
    """,
    "origin_country": _each(_ORIGINS, _COUNTRY),
    "destination_country": _each(_DESTINATIONS, _COUNTRY),
    "origin_postal_code": _each(_ORIGINS, _CODE),
    "destination_postal_code": _each(_DESTINATIONS, _CODE),
    "origin_lat": _each(_ORIGINS, _LAT),
    "origin_lng": _each(_ORIGINS, _LNG),
    "destination_lat": _each(_DESTINATIONS, _LAT),
    "destination_lng": _each(_DESTINATIONS, _LNG),
    "origin_region": _each(_ORIGINS, _REGION) + " origin",
    "destination_region": _each(_DESTINATIONS, _REGION) + " destination",
    "delivered_days": """
        delivery_days days_to_delivery delivery_time_days actual_delivery_days transit_days lead_time_days
        lead_time_in_days transit_time_days shipping_days days_taken lieferzeit_tage lieferzeit_in_tagen
    """,
    "delivered_hours": "delivery_hours delivery_time_hours hours_to_delivery lead_time_hours transit_time_hours",
    "delivered_minutes": """
        time_taken_min delivery_minutes delivery_time_minutes delivery_time_min minutes_to_delivery
        time_taken_minutes delivery_duration_minutes
    """,
    "promised_days": "estimated_days estimated_delivery_days promised_delivery_days sla_days",
    "promised_hours": "estimated_hours sla_hours",
    "promised_minutes": "estimated_minutes promised_delivery_minutes sla_minutes",
}
ALIASES = {name: tuple(words.split()) for name, words in _TEXT.items()}
"""A field's or span's other names, the surest first."""

_CLOCKS = {
    "purchase_timestamp": "order_time time_ordered time_orderd ordered_time purchase_time time_of_order bestellzeit",
    "shipped_timestamp": "shipped_time ship_time time_shipped pickup_time time_order_picked",
    "delivered_timestamp": "delivered_time time_delivered delivery_time arrival_time",
}


def columns_like(field: str, columns: Sequence[str]) -> list[str]:
    """The columns that have one of a field's names, the surest first."""
    by_name = {snake(column): column for column in reversed(columns) if not is_personal_name(column)}
    return [by_name[alias] for alias in (field, *ALIASES[field]) if alias in by_name]


def clock_beside(field: str, columns: Sequence[str]) -> str | None:
    """The column that may have the clock of a moment whose own has the date alone."""
    by_name = {snake(column): column for column in reversed(columns)}
    return next((by_name[name] for name in _CLOCKS.get(field, "").split() if name in by_name), None)


def fields_by_alias(columns: Sequence[str]) -> dict[str, str]:
    """The field or span that each recognised column gives, ours to theirs; a column gives one, a field has one."""
    by_name = {snake(column): column for column in reversed(columns) if not is_personal_name(column)}
    old = {now: before for before, now in OLD_NAMES.items()}
    found: dict[str, str] = {}
    for name in (*FIELDS, *SPANS):
        field = SPANS[name][0] if name in SPANS else name
        if field in found or any(SPANS.get(other, ("",))[0] == field for other in found):
            continue
        for alias in (name, old.get(name, name), *ALIASES.get(name, ())):
            column = by_name.get(alias)
            if column is not None and column not in found.values():
                found[name] = column
                break
    return found
