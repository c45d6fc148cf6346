using System.Text.Json;
using System.Text.Json.Serialization;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Demo;

/// <summary>What the demo found: printed for people, or as one JSON object.</summary>
internal sealed record DemoReport
{
    /// <summary>Whether everything is as it must be.</summary>
    public required bool Ok { get; init; }

    /// <summary>How many nodes.</summary>
    public required int Nodes { get; init; }

    /// <summary>Whether the nodes were objects in the demo's own process.</summary>
    public required bool InProcess { get; init; }

    /// <summary>The source in bytes, all repetitions together.</summary>
    public required long Bytes { get; init; }

    /// <summary>Words counted by the cluster.</summary>
    public required long Total { get; init; }

    /// <summary>Different words.</summary>
    public required long Distinct { get; init; }

    /// <summary>Words set aside because they are too long.</summary>
    public required long DeadLetters { get; init; }

    /// <summary>The 100 most frequent words.</summary>
    public required IReadOnlyList<TopRowJson> Top { get; init; }

    /// <summary>Whether total, distinct, dead letters and every compared word equal an independent count.</summary>
    public required bool EqualsReference { get; init; }

    /// <summary>How many words were compared one by one.</summary>
    public required int WordsCompared { get; init; }

    /// <summary>Whether all replicas have applied the same index and have the same state hash.</summary>
    public required bool ReplicasAgree { get; init; }

    /// <summary>That hash, 16 hexadecimal digits; null if they differ.</summary>
    public required string? StateHash { get; init; }

    /// <summary>Whether the leader was killed in the middle.</summary>
    public required bool LeaderKilled { get; init; }

    /// <summary>Bytes that were committed when it was.</summary>
    public required long? KilledAtOffset { get; init; }

    /// <summary>From the kill until a node was a leader that takes work, in ms.</summary>
    public required double? ElectionMs { get; init; }

    /// <summary>The longest time in which nothing new was committed, in ms.</summary>
    public required double GapMs { get; init; }

    /// <summary>From the start of the dead node's new process until it had caught up, in ms.</summary>
    public required double? RestartMs { get; init; }

    /// <summary>Words a second from the first byte sent to the last commit, the failure included.</summary>
    public required double RecordsPerSecond { get; init; }

    /// <summary>The pace of the source, null if it went as fast as it was taken: a paced source bounds <see cref="RecordsPerSecond"/>.</summary>
    public required long? PacedBytesPerSecond { get; init; }

    /// <summary>Words a second before the kill.</summary>
    public required double? RecordsPerSecondBefore { get; init; }

    /// <summary>Words a second from the first commit after it to the end, with one node fewer.</summary>
    public required double? RecordsPerSecondAfter { get; init; }

    /// <summary>After divided by before; null without a fault, or if one of them was too short to tell.</summary>
    public required double? FaultToleranceRatio { get; init; }

    /// <summary>The most memory that one node process had resident, in bytes; null where that is not to be had.</summary>
    public required long? PeakNodeMemoryBytes { get; init; }

    /// <summary>The report as one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, DemoJson.Default.DemoReport);
}

/// <summary>How the report is written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(DemoReport))]
internal sealed partial class DemoJson : JsonSerializerContext;
