"""The contract as values: frozen dataclasses with Decimal, datetime and enums.

The messages are proto/alertwire/v1/*.proto, where every field is documented; the classes here
mirror them by name and carry no second description. `codec` alone knows the generated code.
"""
