# Model servers as images. Four targets:
#   docker build --tag serving-kit .                           all built-in kinds of models but those in Python
#   docker build --tag serving-kit:tflite --target tflite .    the same without SavedModels: no libtensorflow
#   docker build --tag serving-kit:python --target python .    models in Python too, without SavedModels
#   docker build --tag serving-kit:gpu --target gpu .          SavedModels on NVIDIA GPUs; built, not run on a GPU
# docs/operations.md, "Container", has how they run; scripts/prove-container proves what is written here.

# Both by tag, so that a build takes their security fixes. To have the same bytes each time, give digests:
# --build-arg NODE_IMAGE=node:22-bookworm-slim@sha256:… --build-arg DEBIAN_IMAGE=debian:bookworm-slim@sha256:…
# One Debian for all stages: what is built in one runs in the other.
ARG NODE_IMAGE=node:22-bookworm-slim
ARG DEBIAN_IMAGE=debian:bookworm-slim
# An image with a libtensorflow of one's own in /opt/tensorflow: --build-arg LIBTENSORFLOW=my-libtensorflow. Without one,
# the stage libtensorflow downloads it.
ARG LIBTENSORFLOW=scratch

# Builds the packages, and puts the command with its dependencies, of the versions in the lockfile, into
# /app. Fails if TensorFlow Lite 2.21 or ONNX Runtime cannot be downloaded; 2.9 is for older systems than Debian's.
# A private registry or a proxy: --secret id=npmrc,src=$HOME/.npmrc; it gets into no layer. If that has
# certificates of its own: --build-arg NODE_EXTRA_CA_CERTS=, the path of their file in NODE_IMAGE.
FROM ${NODE_IMAGE} AS build
ARG NODE_EXTRA_CA_CERTS
# pip carries ONNX Runtime, whose text models need the locale.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends locales=2.36-* python3-pip=23.0.* \
    && rm -rf /var/lib/apt/lists/* \
    && mkdir /opt/locale \
    && localedef --no-archive --inputfile=en_US --charmap=UTF-8 /opt/locale/en_US.utf8
WORKDIR /workspace
COPY . .
# The caches are shared, not locked: npm and pnpm expect others there, and podman 4 keeps a lock until the build ends,
# for which a later step of the same stage waits in vain.
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=cache,target=/root/.local/share/pnpm/store \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    node scripts/install.mjs \
    && node packages/servable-tflite/scripts/platform-packages.mjs \
    && node --conditions=@serving-kit/source packages/servable-onnx/scripts/platform-packages.mjs \
    && node scripts/npx.mjs --filter-prod=serving-kit... run build \
    && node scripts/npx.mjs --filter=serving-kit --prod \
        --config.node-linker=hoisted --config.inject-workspace-packages=true deploy /app
# The client of S3, for models in buckets: 26 packages, 22 MB.
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    sdk=packages/source-object-store/node_modules/@aws-sdk/client-s3/package.json \
    && npm install --prefix /opt/s3 --no-audit --no-fund \
        "@aws-sdk/client-s3@$(node --print "require('./$sdk').version")" \
    && cp --recursive --no-clobber /opt/s3/node_modules/. /app/node_modules/
# What only a compiler, a debugger or a reader needs.
RUN find /app \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete \
    && rm -r /app/src /app/node_modules/@serving-kit/*/src /app/node_modules/@serving-kit/tflite-2.9-* \
        /app/pnpm-lock.yaml /app/node_modules/.[a-z]* \
    && cp LICENSE /app

# A libtensorflow of one's own, or nothing.
FROM ${LIBTENSORFLOW} AS own-libtensorflow

# Without a libtensorflow of one's own, gets it out of the Python package that carries it, by pip and a checksum, and
# keeps its two files without the symbols of a debugger (0.2 GB), and their licences. Either has to open here.
# An index of one's own: --secret id=pip.conf,src=/etc/pip.conf.
FROM ${NODE_IMAGE} AS libtensorflow
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils=2.40-* python3-pip=23.0.* \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /app
# The cache has it from one build to the next, for each architecture apart.
RUN --mount=type=cache,target=/var/cache/serving-kit,sharing=locked \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=bind,from=own-libtensorflow,target=/own \
    installed="/var/cache/serving-kit/$(uname -m)/tensorflow" \
    && if [ -d /own/opt/tensorflow ]; then \
        install -D --mode=444 --target-directory=/opt/tensorflow /own/opt/tensorflow/*; \
    else \
        node /app/dist/bin.js install tensorflow --dir "$installed" \
        && install -D --mode=444 --strip --target-directory=/opt/tensorflow "$installed"/libtensorflow*.so.2 \
        && install --mode=444 --target-directory=/opt/tensorflow "$installed/THIRD_PARTY_NOTICES.txt"; \
    fi \
    && export SERVING_KIT_TENSORFLOW_LIBRARY=/opt/tensorflow/libtensorflow_cc.so.2 \
    && node /app/dist/bin.js doctor >/tmp/doctor.txt \
    && grep '✓ SavedModels: TensorFlow 2' /tmp/doctor.txt

# libtensorflow with CUDA, and NVIDIA's libraries that it opens, out of Python packages: for amd64 alone. No checksums
# are known here; those of an index of one's own are checked by pip.
FROM ${NODE_IMAGE} AS libtensorflow-gpu
ARG TENSORFLOW_VERSION=2.21.0
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-pip=23.0.* \
    && rm -rf /var/lib/apt/lists/*
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    pip install --break-system-packages --no-cache-dir --target=/opt/python "tensorflow[and-cuda]==$TENSORFLOW_VERSION" \
    && install -D --mode=444 --target-directory=/opt/tensorflow /opt/python/tensorflow/libtensorflow*.so.2 \
    && install --mode=444 --target-directory=/opt/tensorflow /opt/python/tensorflow/THIRD_PARTY_NOTICES.txt \
    && install -D --mode=444 --target-directory=/opt/tensorflow/nvidia /opt/python/nvidia/*/lib/*.so.* \
    && rm -r /opt/python

# What all images are: Debian, node without npm, and how the command is run.
FROM ${DEBIAN_IMAGE} AS runtime
COPY --from=build /usr/local/bin/node /usr/local/bin/node
# ONNX Runtime normalizes strings in it.
COPY --from=build /opt/locale /usr/lib/locale
# The links: the command by its name; the names that it has in manifests written for TF Serving's image, of
# the program and of the script around it; and the packages for a servable of one's own in a mounted
# folder, which may import them from anywhere.
RUN node --version \
    && groupadd --gid 10001 serving \
    && useradd --no-log-init --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin serving \
    && mkdir /models \
    && mkdir --parents /var/cache/serving-kit/models \
    && chmod 1777 /var/cache/serving-kit /var/cache/serving-kit/models \
    && ln -s /app/dist/bin.js /usr/local/bin/serving-kit \
    && ln -s /app/dist/bin.js /usr/bin/tensorflow_model_server \
    && ln -s /app/dist/bin.js /usr/local/bin/tensorflow_model_server \
    && ln -s /app/dist/bin.js /usr/bin/tf_serving_entrypoint \
    && ln -s /app/dist/bin.js /usr/bin/tf_serving_entrypoint.sh \
    && ln -s /app/node_modules /node_modules
# The model that is served where no flag says otherwise: the versions in /models/model.
ENV NODE_ENV=production \
    XDG_CACHE_HOME=/var/cache \
    MODEL_BASE_PATH=/models \
    MODEL_NAME=model
# gRPC, and REST with health and metrics.
EXPOSE 8500 8501
# By number, which Kubernetes wants for runAsNonRoot. Nothing else is written: any user will do, and --read-only.
USER 10001:10001
# Versions from buckets, for any user. With --read-only it is all that is written.
VOLUME /var/cache/serving-kit
# The first one drains; node is process 1, and it starts no others that it would have to reap.
STOPSIGNAL SIGTERM
# Ready is what the start-up policy asks for: by default one model. Loading may take minutes: failures do not
# count till then.
HEALTHCHECK --interval=15s --timeout=5s --start-period=5m --retries=3 \
    CMD ["node", "--eval", "fetch('http://127.0.0.1:8501/v1/health/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/bin.js"]

FROM runtime AS tflite
LABEL org.opencontainers.image.title="serving-kit (TensorFlow Lite)" \
    org.opencontainers.image.description="A model server with TF Serving's APIs, for .tflite, ONNX, XGBoost and LightGBM models." \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /app /app
# Ends the build where the libraries do not open here, as this user.
RUN ["serving-kit", "doctor"]

# With Python, for images that add packages and models of their own: FROM this one. pip installs into the system's
# Python, and numpy stays below 2, which tflite-runtime needs. Builds run as root; the entry point does not.
FROM runtime AS python
LABEL org.opencontainers.image.title="serving-kit (Python)" \
    org.opencontainers.image.description="A model server with TF Serving's APIs, for models in Python and .tflite models." \
    org.opencontainers.image.licenses="Apache-2.0"
# hadolint ignore=DL3002
USER 0:0
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3=3.11.* python3-pip=23.0.* \
    && rm -rf /var/lib/apt/lists/* \
    && echo 'numpy<2' >/etc/pip-constraints.txt
ENV PIP_BREAK_SYSTEM_PACKAGES=1 \
    PIP_CONSTRAINT=/etc/pip-constraints.txt \
    PIP_NO_CACHE_DIR=1
COPY --from=build /app /app
COPY --chmod=555 scripts/python-entrypoint.sh /usr/local/bin/serving-kit-entrypoint
RUN ["serving-kit-entrypoint", "doctor"]
ENTRYPOINT ["serving-kit-entrypoint"]

# SavedModels on NVIDIA GPUs: docker run --gpus all. NVIDIA's container toolkit brings the driver.
FROM runtime AS gpu
LABEL org.opencontainers.image.title="serving-kit (GPU)" \
    org.opencontainers.image.description="A model server with TF Serving's APIs, for SavedModels on NVIDIA GPUs." \
    org.opencontainers.image.licenses="Apache-2.0"
ENV SERVING_KIT_TENSORFLOW_LIBRARY=/opt/tensorflow/libtensorflow_cc.so.2 \
    LD_LIBRARY_PATH=/opt/tensorflow/nvidia \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=libtensorflow-gpu /opt/tensorflow /opt/tensorflow
COPY --from=build /app /app
RUN ["serving-kit", "doctor"]

# Last, so that it is what is built where no target is named. The libraries come below the program: an
# update of the program does not move their 0.6 GB again.
FROM runtime AS serving-kit
LABEL org.opencontainers.image.title="serving-kit" \
    org.opencontainers.image.description="A model server with TF Serving's APIs, for SavedModels, .tflite, ONNX, XGBoost and LightGBM models." \
    org.opencontainers.image.licenses="Apache-2.0"
ENV SERVING_KIT_TENSORFLOW_LIBRARY=/opt/tensorflow/libtensorflow_cc.so.2
COPY --from=libtensorflow /opt/tensorflow /opt/tensorflow
COPY --from=build /app /app
RUN ["serving-kit", "doctor"]
