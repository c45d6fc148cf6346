using System.Buffers.Text;
using System.Globalization;
using RaftStream.Hosting.Http;

namespace RaftStream.Hosting.Resp;

/// <summary>
/// Commands of a connection that follow each other and read or write keys: those with a write among them become one batch, so one entry of the log and one sync, reads included; those that
/// only read become one read. Answers go out in the order in which the commands came. One a connection, used again and again.
/// </summary>
/// <remarks>
/// Reads go into the log with the writes around them only where the connection asks for real-time order: at a weaker level they must be had without a leader. They stand at their place among the
/// writes, so a client sees its own.
/// </remarks>
internal sealed class DataRun(RespSession session, RespStore store, RespWriter writer)
{
    private readonly StoreBatch _batch = new();
    private readonly List<Slot> _slots = [];
    private readonly List<ReadOnlyMemory<byte>> _keys = [];

    /// <summary>A command of the run and where its results begin; or the error that it is answered with whatever becomes of the others.</summary>
    private readonly record struct Slot(RespCommand Command, CommandSpec? Spec, int First, int Count, string? Error);

    /// <summary>Whether there is nothing to carry out or answer.</summary>
    public bool IsEmpty => _slots.Count == 0;

    /// <summary>Whether it writes.</summary>
    public bool Writes { get; private set; }

    /// <summary>Puts a command's answer among those of the others.</summary>
    public void AddError(string error) => _slots.Add(new(default, null, 0, 0, error));

    /// <summary>Puts a command that is answered without the store among the others: PING or ECHO.</summary>
    public void AddEcho(in RespCommand command, CommandSpec spec) => _slots.Add(new(command, spec, 0, 0, null));

    /// <summary>Adds a command that may be one of its kind; false: it has no room here, carry out what there is first.</summary>
    public bool TryAdd(in RespCommand command, CommandSpec spec)
    {
        var writes = spec.Role > Security.AccessRole.Read;
        if (WrongIn(command, spec) is { } error)
        {
            AddError(error);
            return true;
        }

        if (_slots.Count > 0 && writes != Writes && !(writes ? CanTakeReads() : CanJoin(command, spec)))
            return false;
        return writes || Writes ? TryAddToBatch(command, spec, writes) : TryAddKeys(command, spec);
    }

    /// <summary>Carries the run out, answers it and forgets it.</summary>
    public async ValueTask EndAsync()
    {
        if (Writes)
        {
            var (answer, error) = await store.WriteAsync(session, _batch.Command, SlotOfFirst());
            AnswerAll(answer is null ? null : new(answer), error);
        }
        else if (_keys.Count > 0)
        {
            await ReadAsync();
        }
        else
        {
            AnswerAll(null, null);
        }

        Clear();
    }

    /// <summary>Reads all keys at once; where their values are too large for one answer, each command alone.</summary>
    private async ValueTask ReadAsync()
    {
        var (answer, error) = await ReadAsync(_keys);
        if (answer is not { Problem: not null })
        {
            AnswerAll(answer is null ? null : new(answer), error);
            return;
        }

        foreach (var slot in _slots)
        {
            if (slot.Count == 0)
            {
                Answer(slot, null, null);
                continue;
            }

            (answer, error) = await ReadAsync(_keys.GetRange(slot.First, slot.Count));
            if (answer is { Problem: not null })
                (answer, error) = (null, RespErrors.AnswerTooLarge);
            Answer(slot with { First = 0 }, answer is null ? null : new(answer), error);
        }
    }

    private ValueTask<(StoreValuesAnswer? Answer, string? Error)> ReadAsync(List<ReadOnlyMemory<byte>> keys) =>
        store.ReadAsync(session, (counters, level, token) => counters.ReadValuesAsync(keys, level, token), static answer => (answer.Outcome, answer.Refusal, answer.Position));

    /// <summary>Whether the reads that are there may go into the log with a write.</summary>
    private bool CanTakeReads()
    {
        if (!session.Level.IsStrong || session.Concern != WriteConcern.Quorum || _keys.Count > StoreBatch.MaxReads)
            return false;
        foreach (var key in _keys)
        {
            if (!_batch.TryGet(key.Span))
            {
                _batch.Clear();
                return false;
            }
        }

        _keys.Clear();
        return Writes = true;
    }

    private bool CanJoin(in RespCommand command, CommandSpec spec) => session.Level.IsStrong && session.Concern == WriteConcern.Quorum && KeysOf(command, spec) <= StoreBatch.MaxReads;

    private bool TryAddToBatch(in RespCommand command, CommandSpec spec, bool writes)
    {
        Writes = true;
        var (first, keys) = (_batch.Count, KeysOf(command, spec));
        var results = spec.Verb == RespVerb.MSet ? 1 : keys;
        if (_batch.HasRoomFor(results, writes ? 0 : keys, BytesOf(command)) && TryFill(command, spec))
        {
            _slots.Add(new(command, spec, first, results, null));
            return true;
        }

        if (_slots.Count > 0)
            return false;

        // Alone, it does not fit either.
        Writes = false;
        AddError(keys > RespLimits.MaxKeys ? RespErrors.TooManyKeys(keys) : RespErrors.Of(RespFault.TooLarge));
        return true;
    }

    private bool TryFill(in RespCommand command, CommandSpec spec)
    {
        switch (spec.Verb)
        {
            case RespVerb.Set:
                return _batch.TrySet(command.Span(1), command.Span(2));
            case RespVerb.MSet:
                var pairs = new List<(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value)>(command.Count / 2);
                for (var i = 1; i < command.Count; i += 2)
                    pairs.Add((command[i], command[i + 1]));
                return _batch.TrySetAll(pairs);
            case RespVerb.Incr or RespVerb.IncrBy or RespVerb.Decr or RespVerb.DecrBy:
                return _batch.TryIncrement(command.Span(1), DeltaOf(command, spec) ?? 0);
            default:
                var isDelete = spec.Verb == RespVerb.Del;
                for (var i = 1; i < command.Count; i++)
                {
                    if (!(isDelete ? _batch.TryDelete(command.Span(i)) : _batch.TryGet(command.Span(i))))
                        return false;
                }

                return true;
        }
    }

    private bool TryAddKeys(in RespCommand command, CommandSpec spec)
    {
        var count = KeysOf(command, spec);
        if (count > RespLimits.MaxKeys)
        {
            AddError(RespErrors.TooManyKeys(count));
            return true;
        }

        if (_keys.Count > 0 && _keys.Count + count > RespLimits.MaxKeys)
            return false;
        _slots.Add(new(command, spec, _keys.Count, count, null));
        for (var i = 1; i <= count; i++)
            _keys.Add(command[i]);
        return true;
    }

    private void AnswerAll(RunResults? results, string? error)
    {
        foreach (var slot in _slots)
            Answer(slot, results, error);
    }

    private void Answer(in Slot slot, RunResults? results, string? error)
    {
        if (slot.Error is not null)
            writer.Error(slot.Error);
        else if (slot.Count == 0)
            Echo(slot);
        else if (error is not null)
            writer.Error(error);
        else if (results is { Provisional: { } place })
            writer.Simple($"PROVISIONAL {new WritePosition(store.Running!.Node.Status.Incarnation, place)}");
        else
            RunAnswers.Write(writer, slot.Spec!.Verb, results!, slot.First, slot.Count);
    }

    private void Echo(in Slot slot)
    {
        if (slot.Command.Count > 1)
            writer.Bulk(slot.Command.Span(1));
        else
            writer.Simple("PONG");
    }

    private void Clear()
    {
        _batch.Clear();
        _slots.Clear();
        _keys.Clear();
        Writes = false;
    }

    /// <summary>For MOVED: the slot of the first key that is written.</summary>
    private int SlotOfFirst()
    {
        foreach (var slot in _slots)
        {
            if (slot.Count > 0)
                return KeySlot.Of(slot.Command.Span(1));
        }

        return 0;
    }

    /// <summary>What of a command the store would not take.</summary>
    private string? WrongIn(in RespCommand command, CommandSpec spec)
    {
        if (spec.Verb == RespVerb.Set && command.Count > 3)
            return RespErrors.SetOption(command.Text(3));
        if (spec.Verb == RespVerb.MSet && command.Count % 2 == 0)
            return RespErrors.Arity(spec.Name);
        if (DeltaOf(command, spec) is null)
            return spec.Verb == RespVerb.DecrBy && command.Span(2).SequenceEqual("-9223372036854775808"u8) ? "ERR decrement would overflow" : RespErrors.NotInteger;
        var last = spec.Keys.Last < 0 ? command.Count - 1 : spec.Keys.Last;
        for (var i = spec.Keys.First; i <= last; i += spec.Keys.Step)
        {
            if (session.Caller.WrongKey(command.Span(i)) is { } wrong)
                return wrong;
        }

        return null;
    }

    /// <summary>What is added to a counter; null: it is no number, or one that cannot be taken away. Zero for commands that add nothing.</summary>
    internal static long? DeltaOf(in RespCommand command, CommandSpec spec)
    {
        switch (spec.Verb)
        {
            case RespVerb.Incr:
                return 1;
            case RespVerb.Decr:
                return -1;
            case RespVerb.IncrBy or RespVerb.DecrBy:
                if (!TryNumber(command.Span(2), out var number) || (spec.Verb == RespVerb.DecrBy && number == long.MinValue))
                    return null;
                return spec.Verb == RespVerb.IncrBy ? number : -number;
            default:
                return 0;
        }
    }

    /// <summary>Reads a number as Redis does: exactly its decimal text.</summary>
    internal static bool TryNumber(ReadOnlySpan<byte> text, out long number)
    {
        if (!Utf8Parser.TryParse(text, out number, out int used) || used != text.Length)
            return false;
        Span<byte> again = stackalloc byte[20];
        return Utf8Formatter.TryFormat(number, again, out var length) && again[..length].SequenceEqual(text);
    }

    private static long BytesOf(in RespCommand command)
    {
        var bytes = 0L;
        for (var i = 1; i < command.Count; i++)
            bytes += command[i].Length;
        return bytes;
    }

    private static int KeysOf(in RespCommand command, CommandSpec spec) => spec.Keys.Last < 0 ? (command.Count - 1) / spec.Keys.Step : 1;
}
