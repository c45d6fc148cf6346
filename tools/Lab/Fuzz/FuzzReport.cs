namespace RaftStream.Lab.Fuzz;

/// <summary>What a run of the fuzzer came to.</summary>
internal sealed record FuzzReport
{
    /// <summary>The largest managed heap, after a collection, that counts as bounded: 512 MiB, most of it the fuzzer's and the state machine's.</summary>
    public const long HeapLimit = 512L * 1024 * 1024;

    /// <summary>Frames put on a connection.</summary>
    public required long Sent { get; init; }

    /// <summary>Frames that the node found whole and undamaged.</summary>
    public required long Received { get; init; }

    /// <summary>Of those, the ones that found no room in the node's queue.</summary>
    public required long Dropped { get; init; }

    /// <summary>Of a sample of those sent, the part that the core takes as messages, from 0 to 1.</summary>
    public required double SoundPart { get; init; }

    /// <summary>Frames sent, by what was done to them.</summary>
    public required IReadOnlyDictionary<string, long> ByKind { get; init; }

    /// <summary>Of those sent, the ones that carried something for the log out of an outbox.</summary>
    public required long Forwards { get; init; }

    /// <summary>Connections made for frames.</summary>
    public required long Connections { get; init; }

    /// <summary>Connections that brought no sound greeting: random bytes, mutated greetings, TLS.</summary>
    public required long Strangers { get; init; }

    /// <summary>Elections that the node won.</summary>
    public required long Leaderships { get; init; }

    /// <summary>Frames that the node sent to the two members that are played.</summary>
    public required long Answers { get; init; }

    /// <summary>How often the node fell silent with a sentence, and was started again, by the sentence.</summary>
    public required IReadOnlyDictionary<string, long> Silences { get; init; }

    /// <summary>How often a sane peer asked and got its answer.</summary>
    public required long Probes { get; init; }

    /// <summary>The process's largest working set, in bytes.</summary>
    public required long PeakWorkingSet { get; init; }

    /// <summary>The largest managed heap that was seen right after a full collection, in bytes.</summary>
    public required long LargestHeap { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>What went wrong, with the last frames before it; null if nothing.</summary>
    public required string? Crash { get; init; }

    /// <summary>Whether nothing went wrong and memory stayed bounded.</summary>
    public bool IsClean => Crash is null && LargestHeap <= HeapLimit;
}
