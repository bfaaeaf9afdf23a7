"""Settings: read once, at the start, from arguments and from the environment (names begin with YIZHAO_).

Legal and technical terms stand here with their source, so that a site can set them and nobody has to look for a number
in the code. The environment is read nowhere else.
"""

from datetime import time, timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.store.bucket_address import BucketAddress
from hub.terms import Terms
from schemas.night import Night


class Settings(BaseSettings):
    """All settings of one hub. Durations are in seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="YIZHAO_", extra="ignore")

    folder: Path = Field(default=Path("var/data"), description="data folder: the embedded database and spooled files")
    keys: Path | None = Field(
        default=None, description="key folder; by default beside the data folder, never inside it"
    )
    log: Path | None = Field(
        default=None,
        description="folder of the evidence log; by default beside the data folder, never restored with it",
    )
    passphrase_file: Path | None = Field(
        default=None, description="file of the keys' passphrase; by default in the key folder (TEST only)"
    )
    database: str | None = Field(default=None, description="SQLAlchemy URL; by default SQLite in the data folder")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_origin: str | None = Field(default=None, description="fixed at init; another one is refused")
    proxy_secret_file: Path | None = Field(
        default=None,
        description="file of the secret (32 characters or more, one a line) that a proxy in front shows in the header "
        "Yizhao-Proxy; without it X-Forwarded-For and Client-Cert are read of nobody",
    )

    threads: int = Field(default=16, ge=2, le=200, description="worker threads, and database connections")
    statement_age: int = Field(default=300, description="a statement is of this moment for so long")
    clock_skew: int = Field(
        default=10, ge=10, le=60, description="how far ahead another clock may be: 10 to 60 (FAPI 2.0, 5.3.2.1)"
    )
    lease: int = Field(
        default=30, description="how long a process holds an act under way before another may complete it"
    )
    idempotency_term: int = Field(default=86_400, description="how long an answer is kept for the same request")
    copy_term_days: int = Field(default=30, description="a delivered copy ends after so many days")
    application_age: int = Field(default=600, description="an e-licence's application is of this moment for so long")
    download_term: int = Field(default=1_800, description="how long the holder's own documents may be fetched")
    document_wait: float = Field(default=10.0, description="how long a door waits for a document that is being made")
    font_folders: tuple[Path, ...] = Field(default=(), description="fonts for characters that the bundled font lacks")
    existing_anchors: Path | None = Field(
        default=None, description="file of certs (PEM) that the seals of existing documents (存量) may lead to"
    )
    existing_bytes: int = Field(default=20 * 1024 * 1024, description="the longest existing document that is taken in")
    document_threads: int = Field(
        default=2, ge=0, le=16, description="threads that make documents here; 0 leaves it to `yizhao worker`"
    )
    documents: str = Field(
        default="", description="where documents lie: s3://BUCKET/PREFIX; by default a folder in the data folder"
    )
    documents_endpoint: str = Field(default="", description="URL of the bucket's S3 server; https, or on this machine")
    documents_region: str = Field(default="us-east-1", description="the bucket's region, which signatures name")
    documents_key_id: str = Field(default="", description="as whom the hub comes to the bucket: its access key's id")
    documents_secret_file: Path | None = Field(default=None, description="file of that access key's secret")
    documents_authority_file: Path | None = Field(
        default=None, description="PEM of the authority behind the server's TLS, where this machine does not trust it"
    )
    documents_timeout: int = Field(
        default=5, ge=1, le=15, description="how long a request to the bucket may take; twice that is within the lease"
    )
    reservation_term: int = Field(default=120, description="a reserved use of a grant lapses after this")
    cert_status_age: int = Field(default=3_600, description="how old an e-licence cert's positive status may be")
    misses_a_day: int = Field(default=10, description="wrong comparisons a requester may make per enterprise and day")
    presentation_term: int = Field(
        default=600, ge=60, le=1_800, description="how long a presentation code lives (design: minutes-long)"
    )
    code_misses: int = Field(default=5, ge=1, le=20, description="wrong digits that kill a presentation code")
    code_misses_a_day: int = Field(default=10, ge=1, le=100, description="wrong digits that stop an officer for a day")
    request_days: int = Field(default=7, ge=1, le=90, description="how long a holder may answer a request for a grant")
    tell_days: int = Field(
        default=365, description="whoever pulled a certificate so long ago is still told when it proves wrong"
    )
    deferral_days: int = Field(
        default=180,
        ge=1,
        le=1_095,
        description="for so long at most a pull by law may be kept out of an enterprise's ledger (own setting: the law "
        "gives no number)",
    )
    approval_days: int = Field(
        default=3,
        ge=1,
        le=30,
        description="an approval may wait so long for the other one and the change (own setting)",
    )
    batch_from: time = Field(default=time(22), description="files of pulls are worked through from this hour (Beijing)")
    batch_until: time = Field(default=time(6), description="to this one; the same as batch_from: at any hour")
    batch_rows: int = Field(
        default=50_000, ge=1, le=10_000_000, description="rows of a system's files in one night; the rest wait"
    )
    batch_term_days: int = Field(default=7, ge=1, le=90, description="how long a file's results may be fetched")
    pulls_a_day_system: int = Field(
        default=20_000, ge=1, description="statutory pulls one system may make in a day (own setting)"
    )
    pulls_a_day_officer: int = Field(
        default=1_000, ge=1, description="statutory pulls one officer may make in a day (own setting)"
    )
    review_percent: float = Field(
        default=2.0, ge=0, le=100, description="of a hundred statutory pulls so many are reviewed by another department"
    )
    review_grace_days: int = Field(
        default=30, ge=0, le=365, description="a line of the sharing table is frozen so long after its yearly review"
    )
    orders_an_hour: int = Field(
        default=2_000, ge=1, le=1_000_000, description="orders of one issuing body, above which two officers sign"
    )
    clock_days: dict[str, int] = Field(
        default={}, description='legal clocks by code, where the site counts other days: {"licence_end_task": 30}'
    )
    log_silence: int = Field(
        default=900, ge=1, description="the log may say nothing for so long before issues and pulls stop (decision 7)"
    )
    witnesses: tuple[str, ...] = Field(
        default=(), description='witnesses of the log, each "URL KEY" as `yizhao witness` shows it (C2SP tlog-witness)'
    )
    witnesses_needed: int = Field(
        default=0, ge=0, description="of how many witnesses /log/cosigned bears the word; 0 is all of them"
    )
    witness_timeout: float = Field(default=5.0, gt=0, le=30, description="how long a witness may take for its answer")
    timestamp_url: str = Field(
        default="", description="URL of the timestamp authority (RFC 3161); by default the TEST one of our own"
    )
    timestamp_anchors: Path | None = Field(
        default=None, description="file of certs (PEM) that issue that authority's cert; needed with its URL"
    )
    timestamp_policy: str = Field(
        default="", description="policy (OID) that a timestamp must be given under; by default any"
    )
    timestamp_timeout: float = Field(default=10.0, gt=0, le=30, description="how long a timestamp may take")
    kept_orders: Path | None = Field(
        default=None, description="folder where the client's commands keep every order with its answer and receipt"
    )
    session_idle: int = Field(
        default=1_800, ge=60, description="a session of pages ends when nothing is done for so long"
    )
    session_term: int = Field(default=28_800, ge=300, description="an enterprise's session lasts so long at most")
    shift_term: int = Field(default=36_000, ge=300, description="an officer signs in anew after so long: one shift")
    sign_in_misses: int = Field(
        default=5,
        ge=1,
        le=20,
        description="wrong app codes that lock an account; a wrong password is a twentieth of one",
    )
    lockout_term: int = Field(default=900, ge=60, description="for so long a locked account stays so (own setting)")
    oidc_issuer: str = Field(
        default="", description="issuer (URL) of the city's provider of identities; with it officers sign in there too"
    )
    oidc_client_id: str = Field(default="", description="as which client the hub is registered at that provider")
    oidc_key: str = Field(
        default="oidc", description="which key of the key folder shows that client (`yizhao keys oidc` makes it)"
    )
    oidc_scopes: tuple[str, ...] = Field(default=("openid",), description="scopes that are asked for")
    oidc_officer_claim: str = Field(
        default="sub", description="the claim of the ID token that the records of officers name their accounts by"
    )
    oidc_second_factors: tuple[str, ...] = Field(
        default=(),
        description='what counts there as a second factor, each "acr=VALUE" or "amr=VALUE"; else the hub asks for one',
    )
    oidc_name_zh: str = Field(default="统一身份认证", max_length=40, description="how the sign-in page calls it")
    oidc_name_en: str = Field(default="the city’s sign-in", max_length=40, description="the same in English")
    oidc_alone: bool = Field(default=False, description="officers sign in there and no more by a password of the hub's")
    oidc_timeout: float = Field(default=5.0, gt=0, le=30, description="how long an answer of that provider may take")
    parking_term: int = Field(
        default=86_400, ge=300, le=86_400, description="an order signed on a page waits so long for a second officer"
    )
    account_code_days: int = Field(
        default=3, ge=1, le=30, description="the one-time code that opens an officer's account ends after so many days"
    )
    token_term: int = Field(default=300, description="an access token's life (design, decision 9)")
    sign_ins: int = Field(
        default=64,
        ge=1,
        le=10_000,
        description="sign-ins under way at once in a process (/oauth/token); more are told to come again",
    )
    answer_term: int = Field(default=600, le=600, description="a signed answer's life, at most 10 minutes (decision 5)")
    status_list_term: int = Field(default=300, description="ttl of a status list")
    seal_rate: float = Field(default=5_000, description="a seal key's rate cap, signatures a second")
    readers: int = Field(
        default=2, ge=1, le=16, description="files of strangers taken apart at once (/verify), each by up to 256 MB"
    )
    upload_bytes: int = Field(default=512 * 1024 * 1024, description="the longest file an intake takes")
    search_on: bool = Field(default=True, description="whether the public may search by licence number")
    search_misses: str = Field(default="10/minute", description="misses an address may make at the search door")
    scan_misses: str = Field(default="60/minute", description="unknown references an address may ask for")
    public_rate: str = Field(default="100000/minute", description="all scans of one address")
    report_rate: str = Field(default="10/hour", description="reports an address may send about codes and certificates")
    reports_about_one: int = Field(default=5, ge=1, description="open reports about one thing; more are not taken in")
    reports_a_day: int = Field(default=500, ge=1, description="reports of visitors taken in a day")
    report_words_days: int = Field(default=180, ge=1, description="how long the words of a report are kept")
    upload_rate: str = Field(default="60/minute", description="examinations (/verify) and grant posts of one address")

    sandbox_rate: str = Field(default="10/hour", description="TEST: systems of the sandbox that one address may get")
    sandbox_most: str = Field(default="200/day", description="TEST: systems of the sandbox that all together may get")

    @property
    def key_folder(self) -> Path:
        """Return where keys lie: outside the data folder and its backups."""
        return self.keys if self.keys is not None else self.folder.with_name(self.folder.name + "-keys")

    @property
    def log_folder(self) -> Path:
        """Return where the evidence log lies: outside what is restored with the data folder."""
        return self.log if self.log is not None else self.folder.with_name(self.folder.name + "-log")

    @property
    def document_place(self) -> Path | BucketAddress:
        """Return where documents lie; SetupError documents_setting when a bucket is not wholly or safely named."""
        if not self.documents:
            return self.folder / "documents"
        return BucketAddress.load(
            self.documents,
            endpoint=self.documents_endpoint,
            region=self.documents_region,
            key_id=self.documents_key_id,
            secret_file=self.documents_secret_file,
            authority_file=self.documents_authority_file,
            timeout=timedelta(seconds=self.documents_timeout),
        )

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{(self.folder / 'hub.db').resolve()}"

    @property
    def terms(self) -> Terms:
        return Terms(
            statement_age=timedelta(seconds=self.statement_age),
            clock_skew=timedelta(seconds=self.clock_skew),
            lease=timedelta(seconds=self.lease),
            idempotency_term=timedelta(seconds=self.idempotency_term),
            copy_term=timedelta(days=self.copy_term_days),
            reservation_term=timedelta(seconds=self.reservation_term),
            cert_status_age=timedelta(seconds=self.cert_status_age),
            misses_a_day=self.misses_a_day,
            application_age=timedelta(seconds=self.application_age),
            download_term=timedelta(seconds=self.download_term),
            tell_days=self.tell_days,
            presentation_term=timedelta(seconds=self.presentation_term),
            code_misses=self.code_misses,
            code_misses_a_day=self.code_misses_a_day,
            request_term=timedelta(days=self.request_days),
            deferral_days=self.deferral_days,
            night=Night(self.batch_from, self.batch_until),
            batch_rows=self.batch_rows,
            batch_term=timedelta(days=self.batch_term_days),
            pulls_a_day_system=self.pulls_a_day_system,
            pulls_a_day_officer=self.pulls_a_day_officer,
            review_share=self.review_percent / 100,
            review_grace_days=self.review_grace_days,
            approval_age=timedelta(days=self.approval_days),
            session_idle=timedelta(seconds=self.session_idle),
            session_term=timedelta(seconds=self.session_term),
            shift_term=timedelta(seconds=self.shift_term),
            sign_in_misses=self.sign_in_misses,
            lockout_term=timedelta(seconds=self.lockout_term),
            parking_term=timedelta(seconds=self.parking_term),
            account_code_term=timedelta(days=self.account_code_days),
        )
