using RaftStream.Raft.Wire;

namespace RaftStream.Client.Protocol;

/// <summary>Reads answers from bytes nobody vouches for: a program that is no node may sit at the other end. Nothing is thrown for any bytes.</summary>
internal static class AnswerReader
{
    /// <summary>Reads a body. False: it is no answer.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out AnswerMessage answer)
    {
        answer = default;
        var reader = new MessagePackReader(body);
        if (!reader.TryReadArrayHeader(out var count) || !reader.TryReadUInt64(out var code) || code > byte.MaxValue)
            return false;
        var kind = (AnswerKind)code;
        if (AnswerMessage.CountOf(kind) is var expected && (expected == 0 || count != expected))
            return false;
        answer = new(kind);
        return TryReadHead(ref reader, ref answer) && TryReadRest(ref reader, ref answer) && reader.Remaining == 0;
    }

    private static bool TryReadHead(ref MessagePackReader reader, ref AnswerMessage answer)
    {
        if (!TryReadNumber(ref reader, long.MaxValue, out var id)
            || !TryReadNumber(ref reader, byte.MaxValue, out var outcome) || !Enum.IsDefined((ClientOutcome)outcome)
            || !TryReadNumber(ref reader, byte.MaxValue, out var refusal)
            || !TryReadText(ref reader, AnswerMessage.MaxProblem, out var problem)
            || !TryReadNumber(ref reader, long.MaxValue, out var index)
            || !TryReadNumber(ref reader, long.MaxValue, out var term)
            || !TryReadOptional(ref reader, long.MaxValue / 10, out var age)
            || !TryReadOptional(ref reader, byte.MaxValue, out var level)
            || !TryReadNumber(ref reader, ushort.MaxValue, out var leader)
            || !TryReadText(ref reader, AnswerMessage.MaxAddress, out var address))
            return false;
        answer = answer with
        {
            Id = id,
            Outcome = (ClientOutcome)outcome,
            Refusal = (ClientRefusal)refusal,
            Problem = problem,
            Index = index,
            Term = term,
            AgeMicroseconds = age,
            Level = (ConsistencyLevel?)level,
            Leader = (int)leader,
            LeaderAddress = address,
        };
        return true;
    }

    private static bool TryReadRest(ref MessagePackReader reader, ref AnswerMessage answer)
    {
        switch (answer.Kind)
        {
            case AnswerKind.Counter:
                if (!reader.TryReadInt64(out var value) || !reader.TryReadBoolean(out var exists) || !reader.TryReadBoolean(out var matched))
                    return false;
                answer = answer with { Value = value, Exists = exists, Matched = matched };
                return true;
            case AnswerKind.Tentative:
                if (!reader.TryReadInt64(out var here) || !reader.TryReadBoolean(out var isThere) || !reader.TryReadBoolean(out var waits))
                    return false;
                answer = answer with { Value = here, Exists = isThere, Matched = true, IsTentative = waits };
                return true;
            case AnswerKind.Accepted:
                if (!TryReadNumber(ref reader, long.MaxValue, out var epoch) || !TryReadNumber(ref reader, long.MaxValue, out var sequence))
                    return false;
                answer = answer with { Epoch = epoch, Sequence = sequence };
                return true;
            case AnswerKind.Top:
                return TryReadRows(ref reader, ref answer);
            case AnswerKind.Values:
                return TryReadValues(ref reader, ref answer);
            case AnswerKind.Sum:
                if (!reader.TryReadInt64(out var upper) || !reader.TryReadUInt64(out var lower) || !TryReadNumber(ref reader, long.MaxValue, out var summed))
                    return false;
                answer = answer with { Sum = new((ulong)upper, lower), Count = summed };
                return true;
            case AnswerKind.Watch:
                answer = answer with { Watch = EventPage.TryRead(ref reader) };
                return answer.Watch is not null;
            case AnswerKind.Ingest:
                if (!TryReadNumber(ref reader, long.MaxValue, out var counted) || !TryReadNumber(ref reader, IngestTerms.MaxLines, out var taken))
                    return false;
                answer = answer with { Sequence = counted, Taken = (int)taken };
                return true;
            case AnswerKind.Outputs:
                answer = answer with { Outputs = OutputPage.TryRead(ref reader) };
                return answer.Outputs is not null;
            case AnswerKind.Session:
                if (!TryReadNumber(ref reader, uint.MaxValue, out var incarnation) || !TryReadNumber(ref reader, long.MaxValue, out var session))
                    return false;
                answer = answer with { Incarnation = (uint)incarnation, Session = session };
                return true;
            case AnswerKind.Status:
                if (!reader.TryReadBoolean(out var leads) || !TryReadNumber(ref reader, long.MaxValue, out var term) || !TryReadNumber(ref reader, long.MaxValue, out var applied))
                    return false;
                answer = answer with { Leads = leads, NodeTerm = term, Applied = applied };
                return true;
            default:
                return true;
        }
    }

    private static bool TryReadRows(ref MessagePackReader reader, ref AnswerMessage answer)
    {
        if (!reader.TryReadInt64(out var total) || !TryReadNumber(ref reader, long.MaxValue, out var distinct))
            return false;
        if (!reader.TryReadArrayHeader(out var count) || count % 2 != 0 || count > 2 * RequestMessage.MaxTop)
            return false;
        var rows = new TopRow[count / 2];
        for (var i = 0; i < rows.Length; i++)
        {
            if (!reader.TryReadString(RequestMessage.MaxKeyBytes, out var key) || !reader.TryReadInt64(out var value))
                return false;
            rows[i] = new(key, value);
        }

        answer = answer with { Total = total, Distinct = distinct, Rows = rows };
        return true;
    }

    private static bool TryReadValues(ref MessagePackReader reader, ref AnswerMessage answer)
    {
        if (!reader.TryReadArrayHeader(out var count) || count > RequestMessage.MaxKeys)
            return false;
        var values = new long?[count];
        for (var i = 0; i < values.Length; i++)
        {
            if (reader.TryReadNil())
                continue;
            if (!reader.TryReadInt64(out var value))
                return false;
            values[i] = value;
        }

        answer = answer with { Values = values };
        return true;
    }

    private static bool TryReadText(ref MessagePackReader reader, int maxBytes, out string? text)
    {
        text = null;
        return reader.TryReadNil() || reader.TryReadString(maxBytes, out text);
    }

    private static bool TryReadOptional(ref MessagePackReader reader, long most, out long? number)
    {
        number = null;
        if (reader.TryReadNil())
            return true;
        if (!TryReadNumber(ref reader, most, out var value))
            return false;
        number = value;
        return true;
    }

    private static bool TryReadNumber(ref MessagePackReader reader, long most, out long value) => reader.TryReadInt64(out value) && value >= 0 && value <= most;
}
