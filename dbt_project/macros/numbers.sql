{# Phone numbers: how they are read and compared. Every comparison of numbers is by `number_key`. #}

{# What a national plan lets differ between the number that people dial and the one that WhatsApp shows: of the longer
   form (`like`, 13 digits) one digit may be missing. Other lengths are never touched: two numbers that are the same by
   mistake are worse than one that is not found.
   Brazil: the ninth digit that mobile numbers got from 2012 to 2016 (Anatel, Resolução 553/2010); after an area code,
   8 digits from 2 to 5 are a landline, which is another number.
   Mexico: the 1 of mobile numbers, no longer dialled since August 2019 (IFT, Plan Técnico Fundamental de Numeración).
   Argentina: the 9 of mobile numbers dialled from abroad (ENACOM, Plan Fundamental de Numeración Nacional).
   That WhatsApp shows either form: the phone number normalizers of Chatwoot, for Brazil, Argentina and Mexico. #}
{% macro national_plans() -%}
{{ return([
    {'country': 'Brazil', 'like': '55__9________', 'position': 5, 'followed_by': '016789'},
    {'country': 'Mexico', 'like': '521__________', 'position': 3, 'followed_by': '0123456789'},
    {'country': 'Argentina', 'like': '549__________', 'position': 3, 'followed_by': '0123456789'},
]) }}
{%- endmacro %}

{# Digits of a number as it is compared: without the digit that a national plan lets be missing. #}
{% macro number_key(digits) -%}
case
    {% for plan in national_plans() -%}
    {% set following = 'substr(' ~ digits ~ ', ' ~ (plan.position + 1) ~ ', 1)' -%}
    when
        length({{ digits }}) = 13
        and {{ digits }} like '{{ plan.like }}'
        and {{ following }} in ('{{ plan.followed_by | list | join("', '") }}')
        then substr({{ digits }}, 1, {{ plan.position - 1 }}) || substr({{ digits }}, {{ plan.position + 1 }})
    {% endfor -%}
    else {{ digits }}
end
{%- endmacro %}

{# The digits of what WhatsApp calls a number; NULL for an id of a user. #}
{% macro number_of(text) -%}
case when not {{ has_letters(text) }} then nullif({{ digits_of(text) }}, '') end
{%- endmacro %}

{# The id of a user who comes without a number, where there should be one. #}
{% macro user_id_of(text) -%}
case when {{ has_letters(text) }} then {{ text }} end
{%- endmacro %}

{# Where links lead, in any number of steps: a recursive named query, `reached`. It holds each link, and what its end leads
   to, since the later of both. #}
{% macro reached_by(links) -%} {{ adapter.dispatch('reached_by')(links) }} {%- endmacro %}
{% macro duckdb__reached_by(links) -%}
reached as (
    select account_id, known_as, leads_to, since_at
    from {{ links }}
    union
    select
        reached.account_id,
        reached.known_as,
        links.leads_to,
        greatest(reached.since_at, links.since_at) as since_at
    from reached
    inner join {{ links }} as links on reached.account_id = links.account_id and reached.leads_to = links.known_as
    where links.leads_to <> reached.known_as
)
{%- endmacro %}
