# One image for every process; the command chooses which: dist/apps/{gateway,worker,cas-sandbox,cli}/main.js
#
#   docker build -t watchtogether-auth-server .
#
# No package runs an install script in either stage. The health checks are in docker-compose.yml, since each process
# has another port.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY nest-cli.json rspack.config.mjs tsconfig.json ./
COPY apps apps
COPY libs libs
RUN node node_modules/@nestjs/cli/bin/nest.js build --all

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY --from=build /src/dist dist
# A number, so that Kubernetes can see that it is not root. Nothing in the image belongs to it: it writes nowhere.
USER 10001:10001
EXPOSE 3000
CMD ["node", "--enable-source-maps", "dist/apps/gateway/main.js"]
