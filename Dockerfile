# Give a digest to pin the base: --build-arg BASE=python:3.12-slim@sha256:...
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
COPY requirements/ requirements/
RUN python -m venv /build && /build/bin/pip install --require-hashes -r requirements/build.txt \
 && python -m venv /opt/guardian && /opt/guardian/bin/pip install --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY config/ config/
COPY deploy/ deploy/
COPY guardian/ guardian/
RUN /build/bin/python -m hatchling build --target wheel --directory /wheels \
 && /opt/guardian/bin/pip install --no-deps --no-index /wheels/*.whl

FROM build AS build-demo
RUN /opt/guardian/bin/pip install --require-hashes -r requirements/demo.txt

FROM ${BASE} AS base
ENV PATH=/opt/guardian/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp/matplotlib
RUN groupadd --gid 10001 guardian && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/guardian guardian \
 && install --directory --owner=10001 --group=10001 /var/lib/guardian /var/lib/guardian/var
# The journal's default, sqlite:///var/guardian.db, is a file in here: mount a volume that stays at var/.
WORKDIR /var/lib/guardian
USER 10001:10001
ENTRYPOINT ["guardian"]

# docker run --rm guardian-demo
FROM base AS demo
COPY --from=build-demo /opt/guardian /opt/guardian
CMD ["demo"]

# No HEALTHCHECK: the daemon ends by itself when a part of it dies. Where it is to be asked: docs/how-to/watch-guardian.md.
FROM base AS guardian
COPY --from=build /opt/guardian /opt/guardian
# ECS gives the volume that it mounts there this directory's mode; else only root could write to it.
VOLUME ["/tmp"]
CMD ["run", "--config", "/config"]
