{# 5 for the best fifth of the customers who ordered, down to 1; 1 for those who never did. `best_first` is the ordering.
   Counted from the best, so that the best one has a 5 even among three customers. Ties go by customer, for the same result each time. #}
{% macro rfm_score(best_first) -%}
    cast(if(total_orders = 0, 1, 6 - ntile(5) over (partition by total_orders = 0 order by {{ best_first }}, customer_id)) as integer)
{%- endmacro %}
