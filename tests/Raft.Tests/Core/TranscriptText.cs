using System.Globalization;
using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>How transcripts spell nodes and what a leader knows of them; and how they read numbers and durations.</summary>
internal static class TranscriptText
{
    /// <summary>A node's whole state in one line.</summary>
    public static string Status(CoreHost host)
    {
        if (!host.IsUp)
            return $"{host.Id} down, disk holds term={host.Disk.Durable.HardState.Term} log={Log(host.Disk.Durable)}";
        var core = host.Core;
        return $"{host.Id} {CoreText.Standing(core)} log={Log(host.Memory)} commit={core.Commit} durable={core.Durable} applied={core.Applied}";
    }

    /// <summary>What a leader knows of a peer.</summary>
    public static string Peer(NodeId id, Progress peer)
    {
        var text = $"  of {id}: {peer.State} match={peer.Match} next={peer.Next}";
        if (peer.State == ProgressState.Snapshot)
            text += $" offered={peer.Offered}";
        return text + (peer.InflightAppends > 0 ? $" inflight={peer.InflightAppends}" : "") + (peer.IsWaiting ? " waiting" : "");
    }

    public static int Number(string word) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"'{word}' should be a number.");

    /// <summary>A duration in milliseconds, as "+150ms".</summary>
    public static TimeSpan Duration(string word) =>
        word.StartsWith('+') && word.EndsWith("ms", StringComparison.Ordinal)
            ? TimeSpan.FromMilliseconds(Number(word[1..^2]))
            : throw new FormatException($"'{word}' should be a duration such as +150ms.");

    /// <summary>The value of "name=value" among the arguments, or null.</summary>
    public static string? Option(string[] arguments, string name)
    {
        var word = Array.Find(arguments, argument => argument.StartsWith(name + "=", StringComparison.Ordinal));
        return word?[(name.Length + 1)..];
    }

    private static string Log(DiskImage log) =>
        (log.Base.Index == LogIndex.Zero ? "" : $"({log.Base})") + CoreText.Entries(log, log.Base.Index.Next, log.Last.Index);
}
