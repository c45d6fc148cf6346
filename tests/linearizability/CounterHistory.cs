using System.Collections.Concurrent;

namespace RaftStream.Linearizability.Tests;

/// <summary>What a client asked for.</summary>
internal enum OperationKind
{
    /// <summary>To add a positive number that no other operation adds.</summary>
    Add = 0,

    /// <summary>To read.</summary>
    Read = 1,
}

/// <summary>One operation on one counter, as its client saw it.</summary>
/// <param name="Counter">Which counter.</param>
/// <param name="Kind">Add or read.</param>
/// <param name="Delta">What was added; 0 for a read.</param>
/// <param name="Invoked">When it was sent, in ticks of one monotonic clock.</param>
/// <param name="Completed">When the answer came; <see cref="long.MaxValue"/> if none did: the add may be done at any later time, or never.</param>
/// <param name="Value">The counter after the operation; null if no answer came.</param>
internal sealed record Operation(string Counter, OperationKind Kind, long Delta, long Invoked, long Completed, long? Value)
{
    /// <summary>The counter before the operation.</summary>
    public long Before => Value!.Value - Delta;

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(Kind == OperationKind.Add ? $"add {Delta}" : "read")} on {Counter} -> {(Value is null ? "unknown" : Value.Value.ToString())} [{Invoked}, {(Value is null ? "-" : Completed.ToString())}]";
}

/// <summary>All operations of a run; safe to add to from any thread.</summary>
internal sealed class CounterHistory
{
    private readonly ConcurrentQueue<Operation> _operations = new();

    /// <summary>How many operations were answered.</summary>
    public int Answered => _operations.Count(operation => operation.Value is not null);

    /// <summary>How many adds have no answer.</summary>
    public int UnknownAdds => _operations.Count(operation => operation.Value is null);

    /// <summary>Adds one; an operation that was certainly not done must be left out, and so may a read without an answer.</summary>
    public void Add(Operation operation) => _operations.Enqueue(operation);

    /// <summary>The operations of one counter.</summary>
    public IReadOnlyList<Operation> Of(string counter) => [.. _operations.Where(operation => operation.Counter == counter)];
}
