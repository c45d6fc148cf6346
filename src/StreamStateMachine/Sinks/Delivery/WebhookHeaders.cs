using System.Globalization;

namespace RaftStream.StreamStateMachine;

/// <summary>The headers by which a receiver tells what it has had already. Names of jobs and sinks are percent-encoded as in addresses.</summary>
internal static class WebhookHeaders
{
    /// <summary>job/sink/first-last: the same for the same outputs cut in the same way.</summary>
    public const string Key = "Idempotency-Key";

    public const string Job = "X-RaftStream-Job";
    public const string Sink = "X-RaftStream-Sink";

    /// <summary>The sequence of the first output.</summary>
    public const string First = "X-RaftStream-First";

    /// <summary>The sequence of the last output.</summary>
    public const string Last = "X-RaftStream-Last";

    /// <summary>The term of the sender: after a higher one it is refused by a receiver that looks.</summary>
    public const string Epoch = "X-RaftStream-Epoch";

    /// <summary>There, with 'true', where a dead letter is sent again.</summary>
    public const string Replay = "X-RaftStream-Replay";

    /// <summary>Whether the sink sets that header itself.</summary>
    public static bool IsOwn(string name) => name.Equals(Key, StringComparison.OrdinalIgnoreCase) || name.StartsWith("X-RaftStream-", StringComparison.OrdinalIgnoreCase);

    /// <summary>Sets them.</summary>
    public static void Set(HttpRequestMessage request, OutputBatch batch)
    {
        var (job, sink) = (Uri.EscapeDataString(batch.Job), Uri.EscapeDataString(batch.Sink));
        request.Headers.Add(Key, string.Create(CultureInfo.InvariantCulture, $"{job}/{sink}/{batch.First}-{batch.Last}"));
        request.Headers.Add(Job, job);
        request.Headers.Add(Sink, sink);
        request.Headers.Add(First, batch.First.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(Last, batch.Last.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(Epoch, batch.Epoch.ToString(CultureInfo.InvariantCulture));
        if (batch.IsReplay)
            request.Headers.Add(Replay, "true");
    }
}
