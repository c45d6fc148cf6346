using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>A record that was set aside instead of processed.</summary>
/// <param name="Sequence">Its number among the job's: 1 for the first.</param>
/// <param name="Index">The log entry that set it aside.</param>
/// <param name="Source">The source, by name; empty for a timer.</param>
/// <param name="Partition">The partition; for a timer, the operator.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="Ingress">The edge into the log that it came by; -1: it never came that far, and cannot be replayed.</param>
/// <param name="Time">Its event time.</param>
/// <param name="Bytes">Its bytes as the log or the source had them; the first of them only where there were too many to replay it.</param>
/// <param name="Output">Of an output that a sink could not hand on: its sequence, and <paramref name="Partition"/> names the sink; 0: it is none.</param>
internal sealed record JobLetter(long Sequence, long Index, string Source, string Partition, string Reason, int Ingress, long Time, ReadOnlyMemory<byte> Bytes, long Output = 0)
{
    /// <summary>The most bytes that are kept of a record.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The most characters that are kept of a reason.</summary>
    public const int MaxReason = 200;

    /// <summary>Whether it can go in, or be sent, again.</summary>
    public bool IsReplayable => Ingress >= 0 || Output > 0;

    /// <summary>Whether the letter was taken out, and only its number stands here: a letter has a reason.</summary>
    public bool IsEmptyPlace => Reason.Length == 0;

    private const int Fields = 8;

    public static JobLetter? TryRead(ReadOnlySpan<byte> stored)
    {
        var reader = new MessagePackReader(stored);
        return TryRead(ref reader);
    }

    public static JobLetter? TryRead(ref MessagePackReader reader)
    {
        if (!reader.TryReadArrayHeader(out var count) || count is not (Fields or Fields + 1) || !reader.TryReadInt64(out var sequence) || !reader.TryReadInt64(out var index)
            || !reader.TryReadString(1024, out var source) || !reader.TryReadString(1024, out var partition) || !reader.TryReadString(1024, out var reason)
            || !reader.TryReadInt64(out var ingress) || !reader.TryReadInt64(out var time) || !reader.TryReadBinary(out var bytes))
            return null;
        var copy = bytes.ToArray();
        var output = 0L;
        return count == Fields || reader.TryReadInt64(out output) ? new(sequence, index, source, partition, reason, (int)ingress, time, copy, output) : null;
    }

    public void Write(IBufferWriter<byte> output)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(Output > 0 ? Fields + 1 : Fields);
        writer.Write(Sequence);
        writer.Write(Index);
        writer.WriteString(Source);
        writer.WriteString(Partition);
        writer.WriteString(Reason);
        writer.Write((long)Ingress);
        writer.Write(Time);
        writer.WriteBinary(Bytes.Span);
        if (Output > 0)
            writer.Write(Output);
    }
}

/// <summary>The newest 1,000 dead letters of a job, as entries of its state.</summary>
internal sealed class JobLetters(JobContext context)
{
    /// <summary>How many are kept.</summary>
    public const int Most = 1000;

    private readonly KeyBuffer _key = new();
    private readonly ArrayBufferWriter<byte> _value = new(256);

    /// <summary>How many there have been.</summary>
    public long Total => Last()?.Sequence ?? 0;

    /// <summary>Sets a record aside that came by an edge into the log.</summary>
    public void AddRecord(string source, string partition, string reason, int ingress, long time, ReadOnlyMemory<byte> bytes)
    {
        var fits = bytes.Length <= JobLetter.MaxBytes;
        Add(source, partition, reason, fits ? ingress : -1, time, fits ? bytes : bytes[..JobLetter.MaxBytes]);
    }

    /// <summary>Says that a timer could not be handled.</summary>
    public void AddTimer(string node, string reason) => Add("", node, reason, -1, 0, default);

    /// <summary>Sets an output aside that a sink could not hand on.</summary>
    public void AddOutput(SinkNode sink, long output, string reason, long time, ReadOnlyMemory<byte> bytes) => Add("", sink.Name, reason, -1, time, bytes, output);

    /// <summary>The letter of a number; null: there is none, or not any more.</summary>
    public JobLetter? Find(long sequence)
    {
        WriteKey(sequence);
        return context.State.TryGet(_key.Span, out var stored) && JobLetter.TryRead(stored) is { IsEmptyPlace: false } letter ? letter : null;
    }

    /// <summary>Forgets a letter. The newest leaves an empty place, so that numbers are never given twice.</summary>
    public void Remove(JobLetter letter)
    {
        if (letter.Sequence == Total)
        {
            Put(letter with { Reason = "", Bytes = default, Ingress = -1, Output = 0 });
            return;
        }

        WriteKey(letter.Sequence);
        context.State.Remove(_key.Span);
    }

    private void Add(string source, string partition, string reason, int ingress, long time, ReadOnlyMemory<byte> bytes, long output = 0)
    {
        var sequence = Total + 1;
        WriteKey(sequence - Most);
        context.State.Remove(_key.Span);
        if (reason.Length == 0)
            reason = "No reason was given.";
        Put(new(sequence, context.Index, source, partition, reason.Length <= JobLetter.MaxReason ? reason : reason[..JobLetter.MaxReason], ingress, time, bytes, output));
    }

    private void Put(JobLetter letter)
    {
        WriteKey(letter.Sequence);
        _value.ResetWrittenCount();
        letter.Write(_value);
        context.State.Put(_key.Span, _value.WrittenSpan);
    }

    private JobLetter? Last()
    {
        WriteKey(long.MaxValue);
        return context.State.TryFloor(_key.Span, out var found, out var stored) && found[0] == StateKeys.DeadLetter ? JobLetter.TryRead(stored) : null;
    }

    private void WriteKey(long sequence)
    {
        _key.Cut(0);
        _key.Write(StateKeys.DeadLetter);
        _key.Write(sequence);
    }
}
