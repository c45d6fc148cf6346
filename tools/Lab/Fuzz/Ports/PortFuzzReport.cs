namespace RaftStream.Lab.Fuzz;

/// <summary>The ports that inputs are sent to.</summary>
internal static class PortNames
{
    public const string Resp = "resp";
    public const string Http = "http";
    public const string Client = "client";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Resp, Http, Client];
}

/// <summary>What the fuzzer of the ports was asked for.</summary>
/// <param name="Inputs">How many inputs to send, over all ports.</param>
/// <param name="Ports">To which ports.</param>
/// <param name="Seed">Where all chance comes from.</param>
/// <param name="Limit">When to stop though inputs are left, or null.</param>
/// <param name="Json">One JSON object instead of text.</param>
internal sealed record PortFuzzPlan(long Inputs, IReadOnlyList<string> Ports, int Seed, TimeSpan? Limit, bool Json);

/// <summary>What a run came to.</summary>
internal sealed record PortFuzzReport
{
    /// <summary>The most memory that the node may have resident, in bytes: 768 MiB. Without any input it has about a quarter of that.</summary>
    public const long MemoryLimit = 768L * 1024 * 1024;

    /// <summary>What the inputs of each port came to.</summary>
    public required IReadOnlyDictionary<string, InputFigures> Ports { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>How often a sane client of each port was answered right.</summary>
    public required long Probes { get; init; }

    /// <summary>What the counter holds that the sane clients added to.</summary>
    public required long Sum { get; init; }

    /// <summary>The most memory that the node was seen to have resident, in bytes.</summary>
    public required long PeakMemory { get; init; }

    /// <summary>What is wrong; null if nothing.</summary>
    public required string? Problem { get; init; }

    /// <summary>Whether nothing can be claimed: it was stopped early, or an add of a sane client is of unknown outcome.</summary>
    public required bool IsUndecided { get; init; }

    /// <summary>All inputs.</summary>
    public long Inputs => Ports.Values.Sum(static port => port.Inputs);

    /// <summary>0: fine; 1: something is wrong; 2: undecided.</summary>
    public int ExitCode => IsUndecided ? ExitCodes.Undecided : Problem is null ? ExitCodes.Fine : ExitCodes.Violation;
}
