"""What the sales domain serves. A field is a column; what it is called here is what it is called in the table."""

from __future__ import annotations

from api.resource import KEY, Addition, Resource, about
from apiflask import Schema, fields
from marshmallow import validate

STATES = ("PENDING", "CONFIRMED", "SHIPPED", "DELIVERED", "CANCELLED")


class Customer(Schema):
    """A customer of the company."""

    customer_id = fields.Integer(required=True, metadata=about("its number"))
    customer_name = fields.String(required=True)
    email = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    created_at = fields.NaiveDateTime(required=True, metadata=about("since when it is a customer"))
    country = fields.String(required=True)
    industry = fields.String(required=True)
    revenue = fields.Decimal(required=True, as_string=False, metadata=about("what its orders add up to, in dollars"))
    region = fields.String(required=True, metadata=about("EMEA, AMER or APAC"))


class Order(Schema):
    """An order of one product."""

    order_id = fields.Integer(required=True, metadata=about("its number"))
    customer_id = fields.Integer(required=True)
    order_date = fields.NaiveDateTime(required=True)
    total_amount = fields.Decimal(required=True, metadata=about("dollars"))
    product_id = fields.Integer(required=True)
    quantity = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATES))
    region = fields.String(required=True)


class NewOrder(Schema):
    """An order to be: amount, date and region follow from product and customer."""

    customer_id = fields.Integer(required=True, strict=True, validate=KEY)
    product_id = fields.Integer(required=True, strict=True, validate=KEY)
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10_000))


class Product(Schema):
    """What is sold."""

    product_id = fields.Integer(required=True, metadata=about("its number"))
    product_name = fields.String(required=True)
    category = fields.String(required=True)
    unit_price = fields.Decimal(required=True, metadata=about("dollars"))


class LifetimeValue(Schema):
    """What a customer is worth."""

    customer_id = fields.Integer(required=True)
    lifetime_value = fields.Decimal(required=True, metadata=about("sum of its orders, in dollars"))
    total_orders = fields.Integer(required=True)
    customer_segment = fields.String(required=True, metadata=about("High Value, Medium Value or Low Value"))
    customer_status = fields.String(required=True, metadata=about("Active, At Risk or Churned"))
    recency_score = fields.Integer(required=True, metadata=about("1 to 5"))
    frequency_score = fields.Integer(required=True, metadata=about("1 to 5"))
    monetary_score = fields.Integer(required=True, metadata=about("1 to 5"))


class PersonalData(Schema):
    """What is personal of a customer, masked for everybody but administrators."""

    customer_id = fields.Integer(required=True)
    email = fields.String(required=True)
    ssn = fields.String(required=True)
    phone = fields.String(required=True)


RESOURCES = (
    Resource(
        "/customers",
        Customer,
        "public.customers",
        ("customer_id",),
        "Who buys. Some see the customers of their regions only.",
        filters=("country", "industry", "region", "email"),
        ranges=("created_at",),
    ),
    Resource(
        "/orders",
        Order,
        "public.orders",
        ("order_id",),
        "What was ordered. Some see the orders of their regions only.",
        filters=("customer_id", "product_id", "status", "region"),
        ranges=("order_date",),
        addition=Addition(
            NewOrder,
            """INSERT INTO public.orders (customer_id, product_id, quantity, total_amount, region)
               SELECT customer_id, product_id, %(quantity)s, unit_price * %(quantity)s, region
               FROM public.customers, public.products WHERE customer_id = %(customer_id)s AND product_id = %(product_id)s
               RETURNING order_id""",
            "there is no such customer, or no such product",
        ),
    ),
    Resource("/products", Product, "public.products", ("product_id",), "What is sold.", filters=("category",)),
    Resource(
        "/lifetime-value",
        LifetimeValue,
        "public.mart_sales__customer_lifetime_value",
        ("customer_id",),
        "What each customer is worth: the mart that marketing and finance use too. There once dbt has built it.",
        filters=("customer_segment", "customer_status"),
    ),
    Resource(
        "/personal-data",
        PersonalData,
        "security.api_customer_pii",
        ("customer_id",),
        "What is personal of customers. Each reading is written into the database's log.",
        guards="customer_pii",
    ),
)
