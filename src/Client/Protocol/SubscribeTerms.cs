using RaftStream.Raft.Wire;

namespace RaftStream.Client.Protocol;

/// <summary>Which outputs of a job's subscription are asked for, and how long to wait for one: [wait in ms, job, sink, from].</summary>
internal sealed record SubscribeTerms(long WaitMs, string Job, string Sink, long From)
{
    /// <summary>Writes the values, without a head.</summary>
    public void Write(MessagePackWriter writer)
    {
        writer.Write(WaitMs);
        writer.WriteString(Job);
        writer.WriteString(Sink);
        writer.Write(From);
    }

    /// <summary>Reads the values; null and a sentence where they are none.</summary>
    public static SubscribeTerms? TryRead(ref MessagePackReader reader, out string? problem)
    {
        problem = null;
        if (!reader.TryReadInt64(out var wait) || wait is < 1 or > WatchTerms.MaxWaitMs)
            problem = $"The wait is no number of milliseconds from 1 to {WatchTerms.MaxWaitMs}.";
        else if (!StreamNames.TryRead(ref reader, out var job))
            problem = StreamNames.Wrong("job");
        else if (!StreamNames.TryRead(ref reader, out var sink))
            problem = StreamNames.Wrong("sink");
        else if (!reader.TryReadInt64(out var from) || from < 1)
            problem = "What to begin with is no sequence from 1 on.";
        else
            return new(wait, job, sink, from);
        return null;
    }
}

/// <summary>What a question for outputs is answered with: [next, [sequence, time, text, sequence ...]], three values for each output.</summary>
/// <param name="Next">The sequence to go on from.</param>
/// <param name="Outputs">The outputs, in the order of their sequences.</param>
internal sealed record OutputPage(long Next, IReadOnlyList<ClientSinkOutput> Outputs)
{
    /// <summary>The most outputs of a page.</summary>
    public const int MaxItems = 256;

    /// <summary>The most bytes of a page's texts, each with <see cref="ItemOverhead"/>.</summary>
    public const int MaxBytes = 32 * 1024;

    /// <summary>What an output takes beyond the bytes of its text, at the most.</summary>
    public const int ItemOverhead = 9 + 9 + 3;

    /// <summary>The longest text of an output, in bytes of UTF-8: a page has room for one of these.</summary>
    public const int MaxTextBytes = MaxBytes - ItemOverhead;

    private const int ItemValues = 3;

    /// <summary>Writes its two values, without a head.</summary>
    public void Write(MessagePackWriter writer)
    {
        writer.Write(Next);
        writer.WriteArrayHeader(ItemValues * Outputs.Count);
        foreach (var output in Outputs)
        {
            writer.Write(output.Sequence);
            writer.Write(output.Time);
            writer.WriteString(output.Text);
        }
    }

    /// <summary>Reads the two values; null where they are none.</summary>
    public static OutputPage? TryRead(ref MessagePackReader reader)
    {
        if (!reader.TryReadInt64(out var next) || next < 1 || !reader.TryReadArrayHeader(out var count) || count % ItemValues != 0 || count > ItemValues * MaxItems)
            return null;
        var outputs = new ClientSinkOutput[count / ItemValues];
        var last = 0L;
        for (var i = 0; i < outputs.Length; i++)
        {
            // [safety] In order and below the next one: whoever takes them one by one never gets one twice.
            if (!reader.TryReadInt64(out var sequence) || sequence <= last || sequence >= next || !reader.TryReadInt64(out var time) || !reader.TryReadString(MaxTextBytes, out var text))
                return null;
            outputs[i] = new(sequence, time, text);
            last = sequence;
        }

        return new(next, outputs);
    }
}
