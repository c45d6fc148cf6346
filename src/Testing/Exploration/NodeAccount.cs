using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>Tells what a node does, in the lines of a transcript.</summary>
internal sealed class NodeAccount
{
    private readonly List<string> _lines = [];
    private string _standing = "";
    private LogIndex _commit;
    private LogIndex _durable;

    /// <summary>The lines since the last time.</summary>
    public IReadOnlyList<string> Take()
    {
        string[] lines = [.. _lines];
        _lines.Clear();
        return lines;
    }

    /// <summary>The core took an input.</summary>
    public void Tell(RaftCore core, DiskWrite? write)
    {
        var standing = CoreText.Standing(core);
        if (standing != _standing && _standing.Length > 0)
            _lines.Add($"{core.Self} is {standing}");
        if (write is not null)
            _lines.Add($"{core.Self} writes {CoreText.Write(write, core.Output)}");
        if (core.Durable != _durable)
            _lines.Add($"{core.Self} durable {_durable} -> {core.Durable}");
        if (core.Commit != _commit)
            _lines.Add($"{core.Self} commit {_commit} -> {core.Commit}");
        if (core.Output.Fault != CoreFault.None)
            _lines.Add($"{core.Self} halts: {core.Output.Fault}");
        Know(core);
    }

    /// <summary>The core begins.</summary>
    public void Know(RaftCore core) => (_standing, _durable, _commit) = (CoreText.Standing(core), core.Durable, core.Commit);

    /// <summary>A write reached the disk.</summary>
    public void Completed(int node, DiskWrite write) => _lines.Add($"{node} completes write #{write.Sequence}");

    /// <summary>A message leaves.</summary>
    public void Leaves(Envelope envelope) => _lines.Add(CoreText.Message(envelope));

    /// <summary>The node starts again from its disk.</summary>
    public void Restarted(RaftCore core, DiskImage disk)
    {
        Know(core);
        _lines.Add($"{core.Self} is {_standing} log={CoreText.Entries(disk, LogIndex.Zero.Next, disk.Last.Index)}");
    }
}

/// <summary>Tells the way to a broken promise as a transcript: each step, and what came of it.</summary>
internal static class ExplorerTranscript
{
    public static IReadOnlyList<string> Write(ExplorerOptions options, KnownMessages messages, int[] crashes, IReadOnlyList<(int Node, NodeInput Input)> steps, ViolationException violation)
    {
        var lines = new List<string> { $"> nodes {options.Nodes}", $"    {CoreText.Members(options.Members())}" };
        var accounts = new NodeAccount[options.Nodes];
        var nodes = new NodeModel[options.Nodes];
        for (var node = 0; node < options.Nodes; node++)
        {
            accounts[node] = new();
            nodes[node] = new(options, node + 1, crashes[node], accounts[node]);
            accounts[node].Know(nodes[node].Core);
        }

        foreach (var (node, input) in steps)
        {
            var message = input.Kind == NodeInputKind.Deliver ? messages[input.Argument] : null;
            lines.Add($"> {Verb(options, node + 1, input, message)}");
            if (message is not null)
                lines.Add($"    {node + 1} receives {CoreText.Message(message.Envelope)}");
            try
            {
                nodes[node].Apply(input, message);
            }
            catch (Exception broken) when (broken is ViolationException or InvariantException)
            {
                // The last step: what it breaks is said below.
            }

            var told = accounts[node].Take();
            lines.AddRange(told.Select(static line => $"    {line}"));
            if (told.Count == 0)
                lines.Add("    (nothing)");
        }

        lines.Add($"! {violation.Invariant}: {violation.Message}");
        return lines;
    }

    private static string Verb(ExplorerOptions options, int node, NodeInput input, KnownMessage? message) => input.Kind switch
    {
        NodeInputKind.Beat => $"heartbeat {node}",
        NodeInputKind.Resend => $"heartbeat {node} late",
        NodeInputKind.Propose => $"propose {node} x",
        NodeInputKind.Sync => $"durable {node}",
        NodeInputKind.Crash => $"crash {node}, restart {node}",
        NodeInputKind.Timeout => $"timeout {node}, pre-vote granted by {input.Peer}",
        NodeInputKind.Notice => $"{node} hears of term {input.Argument} from {input.Peer}",
        NodeInputKind.Change => $"change {node} {options.MemberChanges()[input.Argument].Kind} {options.MemberChanges()[input.Argument].Id}",
        _ => $"deliver {message!.Envelope.Message.From}->{message.Envelope.Message.To}",
    };
}
