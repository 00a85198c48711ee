"""What the marketing domain serves. A field is a column; what it is called here is what it is called in the table."""

from __future__ import annotations

from api.resource import KEY, Addition, Resource, about
from apiflask import Schema, fields
from marshmallow import validate

SOURCES = ("Google Ads", "Facebook", "Email", "LinkedIn", "Direct")


class Campaign(Schema):
    """A campaign."""

    campaign_id = fields.Integer(required=True, metadata=about("its number"))
    campaign_name = fields.String(required=True)
    start_date = fields.Date(required=True)
    end_date = fields.Date(required=True)
    ad_spend = fields.Decimal(required=True, metadata=about("dollars"))


class Lead(Schema):
    """Somebody who showed interest."""

    lead_id = fields.Integer(required=True, metadata=about("its number"))
    email = fields.String(required=True)
    source = fields.String(required=True, validate=validate.OneOf(SOURCES))
    campaign_id = fields.Integer(required=True)
    created_at = fields.NaiveDateTime(required=True)
    lead_source = fields.String(required=True, metadata=about("source, as other documents call it"))
    first_name = fields.String(required=True, allow_none=True)
    campaign_name = fields.String(required=True, allow_none=True)


class NewLead(Schema):
    """A lead to be: date and the campaign's name follow."""

    email = fields.String(
        required=True,
        validate=validate.And(validate.Length(6, 200), validate.Regexp(r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+\Z")),
    )
    source = fields.String(required=True, validate=validate.OneOf(SOURCES))
    campaign_id = fields.Integer(required=True, strict=True, validate=KEY)
    first_name = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.And(validate.Length(1, 100), validate.Regexp(r"^[^\x00]*\Z")),
    )


class Metric(Schema):
    """A campaign's day."""

    campaign_id = fields.Integer(required=True)
    metric_date = fields.Date(required=True)
    impressions = fields.Integer(required=True)
    clicks = fields.Integer(required=True)
    conversions = fields.Integer(required=True)
    spend = fields.Decimal(required=True, metadata=about("dollars"))


class Roi(Schema):
    """What a campaign returned."""

    campaign_id = fields.Integer(required=True)
    campaign_name = fields.String(required=True)
    ad_spend = fields.Decimal(required=True)
    leads = fields.Integer(required=True)
    conversions = fields.Integer(required=True)
    revenue = fields.Decimal(
        required=True, metadata=about("lifetime value of the customers that it brought, in dollars")
    )
    roi = fields.Decimal(required=True, allow_none=True, metadata=about("revenue by what was spent"))


RESOURCES = (
    Resource(
        "/campaigns", Campaign, "public.campaigns", ("campaign_id",), "What was advertised.", ranges=("start_date",)
    ),
    Resource(
        "/leads",
        Lead,
        "public.leads",
        ("lead_id",),
        "Who showed interest.",
        filters=("source", "campaign_id", "email"),
        ranges=("created_at",),
        addition=Addition(
            NewLead,
            """INSERT INTO public.leads (email, source, campaign_id, first_name)
               SELECT %(email)s, %(source)s, campaign_id, %(first_name)s
               FROM public.campaigns WHERE campaign_id = %(campaign_id)s
               RETURNING lead_id""",
            "there is no such campaign",
        ),
    ),
    Resource(
        "/metrics/campaigns",
        Metric,
        "public.metrics",
        ("campaign_id", "metric_date"),
        "What each campaign did, day by day.",
        filters=("campaign_id",),
        ranges=("metric_date",),
    ),
    Resource(
        "/roi",
        Roi,
        "public.mart_marketing__campaign_roi",
        ("campaign_id",),
        "What each campaign returned for what was spent. There once dbt has built it.",
    ),
)
