using System.Globalization;
using System.Text;

namespace RaftStream.Hosting.Resp;

/// <summary>CLUSTER: the nodes as Redis Cluster would tell them, one shard with all slots, whose master leads.</summary>
internal static class ClusterCommands
{
    /// <summary>Answers CLUSTER and what stands behind it.</summary>
    public static void Answer(in RespCommand command, RespStore store, RespWriter writer)
    {
        if (store.Running is not { } running)
            writer.Error(RespErrors.Starting);
        else if (command.Is(1, "myid"u8) && command.Count == 2)
            writer.Bulk(IdOf(running.Node.Status.Id));
        else if (command.Is(1, "info"u8) && command.Count == 2)
            writer.Verbatim(Info(running.Node.Status));
        else if (command.Is(1, "nodes"u8) && command.Count == 2)
            writer.Verbatim(Nodes(running));
        else if (command.Is(1, "slots"u8) && command.Count == 2)
            Slots(running, writer);
        else if (command.Is(1, "keyslot"u8) && command.Count == 3)
            writer.Integer(KeySlot.Of(command.Span(2)));
        else
            writer.Error(RespErrors.Subcommand(command));
    }

    /// <summary>A node's id in the form that Redis's have: 40 hexadecimal digits.</summary>
    public static string IdOf(NodeId node) => node.Value.ToString("x40", CultureInfo.InvariantCulture);

    private static string Info(RaftStatus status)
    {
        var isOk = status.Leader != NodeId.None;
        var slots = isOk ? KeySlot.Count : 0;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"cluster_enabled:1\r\ncluster_state:{(isOk ? "ok" : "fail")}\r\ncluster_slots_assigned:{KeySlot.Count}\r\ncluster_slots_ok:{slots}\r\ncluster_slots_pfail:0\r\ncluster_slots_fail:{KeySlot.Count - slots}\r\ncluster_known_nodes:{status.Members.Count}\r\ncluster_size:1\r\ncluster_current_epoch:{status.Term.Value}\r\ncluster_my_epoch:{status.Term.Value}\r\n");
    }

    /// <summary>A line a node: id, address, flags, whose replica it is, two instants, the epoch, the state of the link, the slots.</summary>
    private static string Nodes(RunningNode running)
    {
        var status = running.Node.Status;
        var text = new StringBuilder();
        foreach (var member in status.Members)
        {
            var (host, port) = ServerCommands.PortOf(running, member.Id);
            var leads = member.Id == status.Leader;
            var flags = (member.Id == status.Id ? "myself," : "") + (leads ? "master" : "slave");
            var master = leads || status.Leader == NodeId.None ? "-" : IdOf(status.Leader);
            var slots = leads ? $" 0-{KeySlot.Count - 1}" : "";
            text.Append(CultureInfo.InvariantCulture, $"{IdOf(member.Id)} {host}:{port}@0 {flags} {master} 0 0 {status.Term.Value} connected{slots}\n");
        }

        return text.ToString();
    }

    /// <summary>One range, with the leader in front and the others behind it.</summary>
    private static void Slots(RunningNode running, RespWriter writer)
    {
        var status = running.Node.Status;
        if (status.Leader == NodeId.None)
        {
            writer.Array(0);
            return;
        }

        List<NodeId> nodes = [status.Leader, .. status.Members.Select(static member => member.Id).Where(id => id != status.Leader)];
        nodes.RemoveAll(id => running.RespPortOf(id) is null);
        writer.Array(1);
        writer.Array(2 + nodes.Count);
        writer.Integer(0);
        writer.Integer(KeySlot.Count - 1);
        foreach (var node in nodes)
        {
            var (host, port) = ServerCommands.PortOf(running, node);
            writer.Array(3);
            writer.Bulk(host);
            writer.Integer(port);
            writer.Bulk(IdOf(node));
        }
    }
}
