# How to build, check and run it: docs/how-to/build-the-image.md. The tag is for people, the digest is what is taken.
ARG BASE=python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea

FROM ${BASE} AS build
# Where PyPI is a mirror. They stay in this stage, and so does pip.
ARG PIP_INDEX_URL
ARG PIP_CERT
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python3 -m venv /build \
 && /build/bin/pip install --no-compile --require-hashes --only-binary :all: -r requirements/build.txt \
 && python3 -m venv --without-pip /opt/guardian \
 && /build/bin/pip --python /opt/guardian/bin/python install \
      --no-compile --require-hashes --only-binary :all: -r requirements/runtime.txt \
 && find /opt/guardian -depth -type d -name tests -exec rm -r {} +
COPY pyproject.toml README.md LICENSE ./
COPY config/ config/
COPY deploy/ deploy/
COPY guardian/ guardian/
RUN /build/bin/python -m hatchling build --target wheel --directory /wheels \
 && /build/bin/pip --python /opt/guardian/bin/python install --no-compile --no-deps --no-index /wheels/*.whl
COPY image/compile.py image/
# What is drawn with is imported late.
RUN PYTHONPYCACHEPREFIX=/opt/guardian/pycache /opt/guardian/bin/python -P image/compile.py \
      guardian.aws guardian.cli guardian.daemon guardian.health guardian.journal guardian.jobs guardian.slack \
      matplotlib.figure matplotlib.backends.backend_agg
# An own user, without a shell to make one with.
RUN mkdir -p /root-of/etc /root-of/var/lib/guardian/var \
 && { grep -v ^guardian: /etc/passwd; echo 'guardian:x:10001:10001::/var/lib/guardian:/usr/sbin/nologin'; } > /root-of/etc/passwd \
 && { grep -v ^guardian: /etc/group; echo 'guardian:x:10001:'; } > /root-of/etc/group

FROM build AS build-demo
COPY requirements/demo.txt requirements/
# Some of what local AWS needs comes as source only.
RUN /build/bin/pip --python /opt/guardian/bin/python install --no-compile --require-hashes -r requirements/demo.txt \
 && find /opt/guardian -depth -type d -name tests -exec rm -r {} +
RUN PYTHONPYCACHEPREFIX=/opt/guardian/pycache /opt/guardian/bin/python -P image/compile.py \
      guardian.demo guardian.localaws guardian.localslack

FROM ${BASE} AS base
ARG VERSION=0
ARG REVISION=
LABEL org.opencontainers.image.title="guardian" \
      org.opencontainers.image.description="Stops forgotten Glue, SageMaker and EMR sessions across an AWS organization" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Nothing is written but the journal and what is temporary: run it with --read-only --tmpfs /tmp.
# Every thread would have a heap of its own, and the daemon has many: two are enough, and give back what is free.
ENV PATH=/opt/guardian/bin:/usr/local/bin:/usr/bin:/bin HOME=/var/lib/guardian MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1 PYTHONPYCACHEPREFIX=/opt/guardian/pycache PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2
COPY --from=build /root-of/etc/ /etc/
COPY --from=build --chown=10001:10001 /root-of/var/lib/guardian/ /var/lib/guardian/
# The journal's default, sqlite:///var/guardian.db, is a file in here: mount a volume that stays at var/.
WORKDIR /var/lib/guardian
USER 10001:10001
ENTRYPOINT ["guardian"]
STOPSIGNAL SIGTERM

# docker run --rm --read-only --tmpfs /tmp guardian-demo
FROM base AS demo
COPY --from=build-demo /opt/guardian/ /opt/guardian/
HEALTHCHECK NONE
CMD ["demo", "--output", "/tmp/demo-output"]

FROM base AS guardian
COPY --from=build /opt/guardian/ /opt/guardian/
ENV GUARDIAN_HEALTH=127.0.0.1:8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 CMD ["guardian", "health", "--config", "/config"]
# ECS gives the volume that it mounts there this directory's mode; else only root could write to it.
VOLUME ["/tmp"]
CMD ["run", "--config", "/config"]
