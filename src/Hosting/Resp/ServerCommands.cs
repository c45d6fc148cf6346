using System.Globalization;
using System.Text;

namespace RaftStream.Hosting.Resp;

/// <summary>What a node says of itself and of the others. One a connection.</summary>
internal sealed class ServerCommands(RespSession session, RespStore store, RespWriter writer, RespPortState port, TimeProvider time)
{
    // Redis's settings that say the same of this node: what is answered is on disk, there is one database, nobody who is silent is closed, and a follower takes writes.
    private static readonly (string Name, string Value)[] s_settings =
    [
        ("save", ""), ("appendonly", "yes"), ("appendfsync", "always"), ("databases", "1"), ("timeout", "0"), ("replica-read-only", "no"), ("slave-read-only", "no"),
        ("maxmemory", "0"), ("maxmemory-policy", "noeviction"),
    ];

    /// <summary>TIME: a label; nothing here goes by it.</summary>
    public void Time()
    {
        var microseconds = time.GetUtcNow().Subtract(DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        writer.Array(2);
        writer.BulkNumber(microseconds / 1_000_000);
        writer.BulkNumber(microseconds % 1_000_000);
    }

    /// <summary>CONFIG GET pattern ...</summary>
    public void Config(in RespCommand command)
    {
        if (!command.Is(1, "get"u8) || command.Count < 3)
        {
            writer.Error(command.Is(1, "get"u8) ? RespErrors.Arity("config|get") : "ERR settings are given when the node starts: CONFIG takes GET alone");
            return;
        }

        List<(string Name, string Value)> found = [];
        foreach (var setting in s_settings)
        {
            var name = Encoding.UTF8.GetBytes(setting.Name);
            for (var i = 2; i < command.Count; i++)
            {
                if (!Glob.IsMatch(Encoding.UTF8.GetBytes(command.Text(i).ToLowerInvariant()), name))
                    continue;
                found.Add(setting);
                break;
            }
        }

        writer.Map(found.Count);
        foreach (var (name, value) in found)
        {
            writer.Bulk(name);
            writer.Bulk(value);
        }
    }

    /// <summary>ROLE.</summary>
    public void Role()
    {
        if (store.Running is not { } running)
        {
            writer.Error(RespErrors.Starting);
            return;
        }

        var status = running.Node.Status;
        if (status.Role == Raft.Role.Leader)
        {
            var others = status.Members.Where(member => member.Id != status.Id).ToList();
            writer.Array(3);
            writer.Bulk("master");
            writer.Integer(status.Commit.Value);
            writer.Array(others.Count);
            foreach (var member in others)
            {
                var (host, at) = PortOf(running, member.Id);
                writer.Array(3);
                writer.Bulk(host);
                writer.BulkNumber(at);
                writer.BulkNumber(member.Match.Value);
            }

            return;
        }

        var (leader, port) = PortOf(running, status.Leader);
        writer.Array(5);
        writer.Bulk("slave");
        writer.Bulk(leader);
        writer.Integer(port);
        writer.Bulk(status.Leader == NodeId.None ? "connect" : "connected");
        writer.Integer(status.Applied.Value);
    }

    /// <summary>INFO [section ...].</summary>
    public async ValueTask InfoAsync(RespCommand command)
    {
        if (store.Running is not { } running)
        {
            writer.Error(RespErrors.Starting);
            return;
        }

        var wanted = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 1; i < command.Count; i++)
            wanted.Add(command.Text(i));
        if (wanted.Contains("all") || wanted.Contains("everything") || wanted.Contains("default"))
            wanted.Clear();
        var keys = await running.Counters.StatsAsync(ReadConsistency.Eventual);
        var text = new StringBuilder();
        foreach (var (section, lines) in Sections(running, keys.Keys))
        {
            if (wanted.Count > 0 && !wanted.Contains(section))
                continue;
            text.Append(text.Length > 0 ? "\r\n" : "").Append(CultureInfo.InvariantCulture, $"# {section}\r\n");
            foreach (var (name, value) in lines)
                text.Append(CultureInfo.InvariantCulture, $"{name}:{value}\r\n");
        }

        writer.Verbatim(text.ToString());
    }

    /// <summary>DBSIZE, at the connection's level.</summary>
    public async ValueTask DbSizeAsync()
    {
        var (answer, error) = await store.ReadAsync(session, static (counters, level, token) => counters.StatsAsync(level, token), static answer => (answer.Outcome, answer.Refusal, answer.Position));
        if (error is not null)
            writer.Error(error);
        else
            writer.Integer(answer!.Keys);
    }

    /// <summary>Where the Redis protocol is spoken at a member: host and port, or an empty host and 0 where that is not known.</summary>
    internal static (string Host, int Port) PortOf(RunningNode running, NodeId member)
    {
        if (running.RespPortOf(member) is not { } address || address.LastIndexOf(':') is var colon && colon < 0)
            return ("", 0);
        return (address[..colon].Trim('[', ']'), int.Parse(address.AsSpan(colon + 1), CultureInfo.InvariantCulture));
    }

    private IEnumerable<(string Section, (string Name, object Value)[] Lines)> Sections(RunningNode running, long keys)
    {
        var status = running.Node.Status;
        var isLeader = status.Role == Raft.Role.Leader;
        yield return ("Server",
        [
            ("redis_version", ConnectionCommands.RedisVersion), ("raftstream_version", ConnectionCommands.OwnVersion), ("redis_mode", "standalone"),
            ("run_id", ClusterCommands.IdOf(status.Id)), ("tcp_port", PortOf(running, status.Id).Port), ("uptime_in_seconds", (long)time.GetElapsedTime(port.Started).TotalSeconds),
        ]);
        yield return ("Clients", [("connected_clients", port.Connections), ("maxclients", port.MaxConnections)]);
        yield return ("Memory", [("used_memory", GC.GetTotalMemory(forceFullCollection: false)), ("used_memory_rss", Environment.WorkingSet), ("maxmemory", 0), ("maxmemory_policy", "noeviction")]);
        yield return ("Persistence", [("loading", 0), ("aof_enabled", 1), ("aof_last_write_status", status.IsStorageFull ? "err" : "ok")]);
        yield return ("Stats", [("total_connections_received", port.Accepted), ("total_commands_processed", port.Commands), ("rejected_connections", port.Rejected)]);
        List<(string, object)> replication = [("role", isLeader ? "master" : "slave")];
        if (!isLeader)
        {
            var (host, at) = PortOf(running, status.Leader);
            replication.AddRange([("master_host", host), ("master_port", at), ("master_link_status", status.Leader == NodeId.None ? "down" : "up"), ("slave_read_only", 0)]);
        }

        replication.AddRange([("connected_slaves", isLeader ? status.Members.Count(static member => member.IsHeard) - 1 : 0), ("master_repl_offset", status.Commit.Value)]);
        yield return ("Replication", [.. replication]);
        yield return ("Raftstream", [("node", status.Id.Value), ("raft_role", status.Role.ToString().ToLowerInvariant()), ("term", status.Term.Value), ("leader", status.Leader.Value), ("commit_index", status.Commit.Value), ("applied_index", status.Applied.Value)]);
        yield return ("Cluster", [("cluster_enabled", 0)]);
        yield return ("Keyspace", keys > 0 ? [("db0", $"keys={keys},expires=0,avg_ttl=0")] : []);
    }
}
