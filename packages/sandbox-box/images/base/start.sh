#!/bin/sh
# The first process of every box. Its home and its workspace begin empty, or as the snapshot has them that it begins from.
snapshot=/opt/agentscope/snapshot
if [ -d "$snapshot/workspace" ]; then
  cp -a "$snapshot/workspace/." /workspace/
  cp -a "$snapshot/home/agent/." "$HOME/"
else
  cp -r /opt/agentscope/home/. "$HOME/"
fi
exec node /opt/agentscope/box/main.js
