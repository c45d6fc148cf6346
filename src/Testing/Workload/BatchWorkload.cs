using System.Buffers;
using System.Globalization;
using System.Text;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>
/// Clients that write batches, of bytes and of integers, and read what a few keys hold. What they are told is held against a model that does what the first replica to apply each
/// entry had to do; a read against the model as it was at the index that it says it saw.
/// </summary>
/// <remarks>
/// The first operation of each batch sets a key to bytes that no other batch sets it to, which name it. So every write is applied once at the most, and a read that misses an answered
/// one is seen by its index, which no clock and no order of the clients' is needed for.
/// </remarks>
internal sealed class BatchWorkload(Simulation simulation, SimRandom random)
{
    private const string Marker = "#batch";
    private const int Keys = 6;
    private const int MostOpen = 6;
    private const long Patience = 1_000_000_000;

    private readonly Dictionary<string, SentBatch> _sent = new(StringComparer.Ordinal);
    private readonly List<SentBatch> _open = [];
    private readonly StoreBatch _batch = new();
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly BatchModel _model = new();
    private LogIndex _acknowledged;

    /// <summary>What the batch applied last has changed.</summary>
    public IReadOnlyList<ModelChange> Changes => _model.Changes;

    /// <summary>Whether nothing is under way that may still be answered.</summary>
    public bool IsAtRest
    {
        get
        {
            Forget();
            return _open.Count == 0;
        }
    }

    /// <summary>A client writes or reads.</summary>
    public void Act()
    {
        Forget();
        if (random.Chance(0.35))
            Read();
        else if (random.Chance(0.15))
            Scan();
        else if (_open.Count < MostOpen)
            Write();
    }

    /// <summary>A command was applied for the first time anywhere. Whether it was a batch of this workload.</summary>
    public bool OnApplied(in Command command)
    {
        if (NameOf(command.Payload.Span) is not { } name)
            return false;
        var sent = _sent[name];
        ViolationException.Require(sent.Position == LogPosition.Zero, "AppliedOnce", $"The batch '{name}' is applied at {command.Position} after it was applied at {sent.Position}.");
        ViolationException.Require(!sent.IsNever, "RejectedIsNever", $"The batch '{name}' is applied at {command.Position} after it was answered as surely not done.");
        (sent.Position, sent.Results) = (command.Position, _model.Apply(command.Position.Index, sent.Operations));
        foreach (var result in sent.Results.Where(static result => result.Problem != BatchProblem.None))
            simulation.Counts.Add($"batch operation declined: {result.Problem}");
        return true;
    }

    /// <summary>At the end every replica holds what the model holds, by itself and in the order of a scan.</summary>
    public void CheckEnd(IStateMachine machine)
    {
        StoreQuery.WriteGetValues(_bytes, AllKeys());
        CheckValues(Query(machine), new(long.MaxValue));
        var found = 0;
        var cursor = 0UL;
        do
        {
            StoreQuery.WriteScan(_bytes, cursor, 7);
            var isReply = ScanReply.TryRead(Query(machine), out var problem, out cursor, out var keys);
            ViolationException.Require(isReply && problem == StoreProblem.None, "SoundReplies", $"A scan at the end is answered with what is no page, or with {problem}.");
            found += keys.Count(static key => key.Key.Span.StartsWith("#b"u8));
        }
        while (cursor != 0);
        ViolationException.Require(found == _model.Count, "BatchesApplied", $"A scan at the end finds {found} keys of batches; there are {_model.Count}.");
    }

    private void Write()
    {
        var sent = new SentBatch(string.Create(CultureInfo.InvariantCulture, $"batch {_sent.Count}"), simulation.Now);
        _sent.Add(sent.Name, sent);
        _open.Add(sent);
        sent.Operations.Add(new(BatchOpcode.Set, Marker, sent.Name, 0, null));
        for (var more = random.Between(0, 6); more > 0; more--)
            sent.Operations.Add(Operation());
        _batch.Clear();
        foreach (var operation in sent.Operations)
            Invariant.Check(TryAdd(operation), "a batch has room for a few operations");
        Ask(RequestKind.Propose, _batch.Command.ToArray(), answer => OnAnswer(sent, answer));
    }

    private ModelOperation Operation() => random.Below(12) switch
    {
        < 4 => new(BatchOpcode.Set, Key(), Text(), 0, null),
        < 7 => new(BatchOpcode.Increment, Key(), "", random.Chance(0.1) ? long.MaxValue : random.Below(1_000) - 300, null),
        < 9 => new(BatchOpcode.Get, Key(), "", 0, null),
        < 10 => new(BatchOpcode.Delete, Key(), "", 0, null),
        _ => new(BatchOpcode.SetAll, "", "", 0, [.. Enumerable.Range(0, random.Between(1, 4)).Select(_ => Key()).Distinct(StringComparer.Ordinal).Select(key => (key, Text()))]),
    };

    private string Key() => string.Create(CultureInfo.InvariantCulture, $"#b{random.Below(Keys)}");

    /// <summary>The text of an integer, what almost is one, or bytes of any kind.</summary>
    private string Text() => random.Below(5) switch
    {
        0 => random.Below(1_000).ToString(CultureInfo.InvariantCulture),
        1 => "0" + random.Below(1_000).ToString(CultureInfo.InvariantCulture),
        2 => "",
        3 => new('\u00ff', random.Below(2_000)),
        _ => new((char)random.Below(256), random.Below(40)),
    };

    private bool TryAdd(in ModelOperation operation)
    {
        var key = Encoding.UTF8.GetBytes(operation.Key);
        return operation.Opcode switch
        {
            BatchOpcode.Set => _batch.TrySet(key, Encoding.Latin1.GetBytes(operation.Text)),
            BatchOpcode.Increment => _batch.TryIncrement(key, operation.Delta),
            BatchOpcode.Delete => _batch.TryDelete(key),
            BatchOpcode.Get => _batch.TryGet(key),
            _ => _batch.TrySetAll([.. operation.Pairs!.Select(static pair => ((ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(pair.Key), (ReadOnlyMemory<byte>)Encoding.Latin1.GetBytes(pair.Text)))]),
        };
    }

    private void OnAnswer(SentBatch sent, in Answer answer)
    {
        if (!_open.Remove(sent))
            return;
        simulation.Counts.Add($"batch {answer.Outcome}");
        if (answer.Outcome == Outcome.Rejected)
        {
            ViolationException.Require(sent.Position == LogPosition.Zero, "RejectedIsNever", $"The batch '{sent.Name}' is answered as surely not done, and was applied at {sent.Position}.");
            sent.IsNever = true;
        }

        if (answer.Outcome != Outcome.Applied)
            return;
        ViolationException.Require(sent.Position == answer.Position, "OwnReply", $"The batch '{sent.Name}' was applied at {sent.Position} and is answered with {answer.Position}.");
        var isReply = BatchAnswer.TryReadResults(answer.Reply.Span, out var results, out var problem);
        ViolationException.Require(isReply && problem is null && results.Count == sent.Results.Count, "SoundReplies", $"The batch '{sent.Name}' is answered with {results.Count} results for {sent.Results.Count}, or is declined: {problem}");
        for (var i = 0; i < results.Count; i++)
        {
            var told = new ModelResult(results[i].Problem, ModelValue.Of(results[i].Value), results[i].Existed);
            ViolationException.Require(told == sent.Results[i], "OwnReply", $"Operation {i} of the batch '{sent.Name}', {sent.Operations[i]}, did {sent.Results[i]} and is answered with {told}.");
        }

        if (answer.Position.Index > _acknowledged)
            _acknowledged = answer.Position.Index;
    }

    private void Read()
    {
        StoreQuery.WriteGetValues(_bytes, AllKeys());
        var floor = _acknowledged;
        Ask(RequestKind.Read, Take(), answer =>
        {
            simulation.Counts.Add($"batch read {answer.Outcome}");
            if (answer.Outcome != Outcome.Applied)
                return;
            var index = answer.Position.Index;
            ViolationException.Require(index >= floor, "Linearizable", $"A read of batches saw {index}; a write at {floor} was answered before it began.");
            CheckValues(answer.Reply.Span, index);
        });
    }

    private void Scan()
    {
        StoreQuery.WriteScan(_bytes, (ulong)random.Below(long.MaxValue) << 1, random.Between(1, 20));
        Ask(RequestKind.Read, Take(), answer =>
        {
            if (answer.Outcome != Outcome.Applied)
                return;
            simulation.Counts.Add("batch scan answered");
            var isReply = ScanReply.TryRead(answer.Reply.Span, out var problem, out _, out var keys);
            ViolationException.Require(isReply && problem == StoreProblem.None, "SoundReplies", $"A scan is answered with what is no page, or with {problem}.");
            foreach (var key in keys)
            {
                var name = Encoding.UTF8.GetString(key.Key.Span);
                if (!name.StartsWith("#b", StringComparison.Ordinal))
                    continue;
                var value = _model.At(answer.Position.Index, name);
                ViolationException.Require(value is not null && key.Kind == (value is { Integer: null } ? ValueKind.Bytes : ValueKind.Integer), "BatchesApplied", $"A scan at {answer.Position} tells that '{name}' is {key.Kind}; it is {value}.");
            }
        });
    }

    private void CheckValues(ReadOnlySpan<byte> reply, LogIndex index)
    {
        var isReply = StoreValuesReply.TryRead(reply, out var problem, out var values);
        var keys = AllKeys();
        ViolationException.Require(isReply && problem == StoreProblem.None && values.Count == keys.Count, "SoundReplies", $"A read of {keys.Count} values is answered with {values.Count}, or with {problem}.");
        for (var i = 0; i < keys.Count; i++)
        {
            var name = Encoding.UTF8.GetString(keys[i].Span);
            var (told, held) = (ModelValue.Of(values[i]), _model.At(index, name));
            ViolationException.Require(told == held, "BatchesApplied", $"At {index} '{name}' is {held}; a read of it says {told}.");
            simulation.Counts.Add(told is { Integer: null } ? "batch read of bytes" : "batch read of a counter or of nothing");
        }
    }

    /// <summary>Whoever has waited too long waits no more: what became of its batch is not told.</summary>
    private void Forget() => _open.RemoveAll(sent => simulation.Now - sent.SentAt > Patience);

    private void Ask(RequestKind kind, byte[] payload, Action<Answer> answered)
    {
        var node = simulation.Nodes[random.Below(simulation.Nodes.Count)];
        if (random.Chance(0.8))
            node = simulation.Nodes.Find(static candidate => candidate.Replica?.Consensus.Core.Role == Role.Leader) ?? node;
        if (!node.Ask(new(kind, payload, answered)))
            answered(new(Outcome.Rejected, Refusal.Stopped, default, default));
    }

    private byte[] Query(IStateMachine machine)
    {
        var reply = new ArrayBufferWriter<byte>();
        machine.Query(Take(), reply);
        return reply.WrittenSpan.ToArray();
    }

    private byte[] Take()
    {
        var bytes = _bytes.WrittenSpan.ToArray();
        _bytes.ResetWrittenCount();
        return bytes;
    }

    private static List<ReadOnlyMemory<byte>> AllKeys() =>
        [Encoding.UTF8.GetBytes(Marker), .. Enumerable.Range(0, Keys).Select(static key => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"#b{key}")))];

    /// <summary>The bytes that name a batch; null for another command.</summary>
    private static string? NameOf(ReadOnlySpan<byte> payload)
    {
        var reader = new MessagePackReader(payload);
        if (!StoreCommandReader.TryReadOpcode(ref reader, out var opcode) || opcode != StoreOpcode.Batch || !reader.TryReadArrayHeader(out _))
            return null;
        return BatchOperation.Read(ref reader, out var first) == StoreProblem.None ? Encoding.Latin1.GetString(first.Value) : null;
    }

    /// <summary>A batch, and what became of it.</summary>
    private sealed class SentBatch(string name, long sentAt)
    {
        public string Name => name;

        public long SentAt => sentAt;

        public List<ModelOperation> Operations { get; } = [];

        /// <summary>What it must be answered with; empty until it is applied.</summary>
        public List<ModelResult> Results { get; set; } = [];

        public LogPosition Position { get; set; }

        /// <summary>Whether its client was told that it never will be applied.</summary>
        public bool IsNever { get; set; }
    }
}
