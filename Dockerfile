# Tocsin in a container. The runbook is mounted at /etc/tocsin/runbook.yml, and everything else comes from the environment.
FROM python:3.12-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
COPY . .
# Exactly the versions that were tested, each proven by its hash.
RUN uv venv /opt/tocsin \
    && uv pip install --no-cache --python /opt/tocsin/bin/python --constraint constraints.txt --build-constraint constraints.txt .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/tocsin tocsin
COPY --from=build /opt/tocsin /opt/tocsin
ENV PATH=/opt/tocsin/bin:$PATH HOST=0.0.0.0 PORT=8080 TOCSIN_HOME=/var/lib/tocsin TOCSIN_RUNBOOK=/etc/tocsin/runbook.yml
USER 10001
VOLUME /var/lib/tocsin
EXPOSE 8080
# Alive, not ready: while Slack or the database is away a restart would help nobody.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
# In the form of a list, so that the signal to stop reaches the bot.
CMD ["tocsin", "run"]
