namespace RaftStream.Hosting.Resp;

/// <summary>What the store gave for the keys of a run, of a batch or of a read.</summary>
internal sealed class RunResults
{
    private readonly IReadOnlyList<BatchResult>? _batch;
    private readonly IReadOnlyList<StoreValue>? _values;

    public RunResults(BatchAnswer answer)
    {
        _batch = answer.Results;
        Provisional = answer.Outcome == Outcome.Provisional ? answer.Position : null;
    }

    public RunResults(StoreValuesAnswer answer) => _values = answer.Values;

    /// <summary>Where the leader put the batch, of which no more is known.</summary>
    public LogPosition? Provisional { get; }

    /// <summary>A result.</summary>
    public BatchResult this[int index] => _batch is { } batch ? batch[index] : new(BatchProblem.None, _values![index], _values[index].Kind != ValueKind.None);
}

/// <summary>Makes the answers to commands of keys out of what the store gave.</summary>
internal static class RunAnswers
{
    /// <summary>Answers a command whose results are <paramref name="count"/> from <paramref name="first"/> on.</summary>
    public static void Write(RespWriter writer, RespVerb verb, RunResults results, int first, int count)
    {
        var result = results[first];
        if (Problem(results, first, count) is { } problem)
        {
            writer.Error(problem);
            return;
        }

        switch (verb)
        {
            case RespVerb.Get:
                Value(writer, result.Value);
                break;
            case RespVerb.MGet:
                writer.Array(count);
                for (var i = first; i < first + count; i++)
                    Value(writer, results[i].Value);
                break;
            case RespVerb.Incr or RespVerb.IncrBy or RespVerb.Decr or RespVerb.DecrBy:
                writer.Integer(result.Value.Integer);
                break;
            case RespVerb.Del or RespVerb.Exists:
                writer.Integer(CountExisting(results, first, count));
                break;
            case RespVerb.Type:
                writer.Simple(result.Value.Kind == ValueKind.None ? "none" : "string");
                break;
            default:
                writer.Simple("OK");
                break;
        }
    }

    private static string? Problem(RunResults results, int first, int count)
    {
        for (var i = first; i < first + count; i++)
        {
            var problem = results[i].Problem;
            if (problem != BatchProblem.None)
                return problem switch
                {
                    BatchProblem.Overflow => RespErrors.Overflow,
                    BatchProblem.WrongType => RespErrors.NotInteger,
                    _ => RespErrors.Full,
                };
        }

        return null;
    }

    private static int CountExisting(RunResults results, int first, int count)
    {
        var existing = 0;
        for (var i = first; i < first + count; i++)
            existing += results[i].Existed ? 1 : 0;
        return existing;
    }

    private static void Value(RespWriter writer, in StoreValue value)
    {
        switch (value.Kind)
        {
            case ValueKind.Integer:
                writer.BulkNumber(value.Integer);
                break;
            case ValueKind.Bytes:
                writer.Bulk(value.Bytes.Span);
                break;
            default:
                writer.Null();
                break;
        }
    }
}
