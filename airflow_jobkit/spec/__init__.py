"""The Spec layer: frozen, validated objects made from YAML. It knows neither Airflow nor files."""
