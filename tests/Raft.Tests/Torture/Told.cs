using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>Makes histories of one key by hand: times are in whole milliseconds.</summary>
internal sealed class Told(string workload)
{
    private readonly List<RunOperation> _operations = [];
    private readonly string _key = workload + "/1";

    /// <summary>The operations so far.</summary>
    public IReadOnlyList<RunOperation> Operations => _operations;

    /// <summary>A read that was answered.</summary>
    public Told Read(long process, int from, int to, HistoryValue value, long index = 0, string? level = null, long? ageMs = null) =>
        Add(process, from, to, new(_key, OperationFunction.Read) { Level = level }, new(AnswerKind.Ok, value) { Index = index, AgeMs = ageMs });

    /// <summary>An add; acknowledged without a value after it unless told otherwise.</summary>
    public Told Add(long process, int from, int to, long amount, HistoryValue? after = null, AnswerKind kind = AnswerKind.Ok, long index = 0) =>
        Add(process, from, to, new(_key, OperationFunction.Add, amount), new(kind, after) { Index = index });

    /// <summary>A compare-and-set.</summary>
    public Told Set(long process, int from, int to, HistoryValue old, HistoryValue value, AnswerKind kind = AnswerKind.Ok) =>
        Add(process, from, to, new(_key, OperationFunction.CompareAndSet, HistoryValue.List(old, value)), new(kind));

    /// <summary>A post of a source that is so long.</summary>
    public Told Post(long process, int from, int to, long length, HistoryValue? offset, AnswerKind kind = AnswerKind.Ok) =>
        Add(process, from, to, new(_key, OperationFunction.Append, length), new(kind, offset));

    /// <summary>Final reads of the key through nodes 1, 2, 3.</summary>
    public IReadOnlyList<FinalRead> Finally(params HistoryValue?[] values) => [.. values.Select((value, place) => new FinalRead(workload, _key, place + 1, value))];

    /// <summary>A read at a level, of another key or through another node: whatever the call and the answer say.</summary>
    public Told Add(long process, int from, int to, ClientCall call, ClientAnswer answer)
    {
        _operations.Add(new(workload, process, 1, call, from * 1_000_000L, to * 1_000_000L, answer));
        return this;
    }
}
