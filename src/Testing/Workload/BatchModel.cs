using System.Globalization;

namespace RaftStream.Testing;

/// <summary>What a key holds, as the model of batches knows it: an integer, or bytes as the characters of Latin-1.</summary>
internal readonly record struct ModelValue(long? Integer, string? Bytes)
{
    /// <summary>What a key holds that is set to these bytes. Told by .NET's own formatting, not by the store's.</summary>
    public static ModelValue OfText(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer) && integer.ToString(CultureInfo.InvariantCulture) == text
            ? new(integer, null)
            : new(null, text);

    /// <summary>What an answer says.</summary>
    public static ModelValue? Of(in StoreValue value) => value.Kind switch
    {
        ValueKind.None => null,
        ValueKind.Integer => new(value.Integer, null),
        _ => new(null, System.Text.Encoding.Latin1.GetString(value.Bytes.Span)),
    };
}

/// <summary>One operation of a batch: a set of one key or of several, an add, a delete or a get.</summary>
internal readonly record struct ModelOperation(BatchOpcode Opcode, string Key, string Text, long Delta, IReadOnlyList<(string Key, string Text)>? Pairs);

/// <summary>What an operation must be answered with.</summary>
internal readonly record struct ModelResult(BatchProblem Problem, ModelValue? Value, bool Existed);

/// <summary>A change that a command made; null where the key was deleted.</summary>
internal readonly record struct ModelChange(string Key, ModelValue? Value);

/// <summary>Batches on a plain dictionary: nothing of how the store does them is used.</summary>
internal sealed class BatchModel
{
    private readonly Dictionary<string, ModelValue> _state = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(LogIndex Index, ModelValue? Value)>> _past = new(StringComparer.Ordinal);

    /// <summary>What the last command changed, in order.</summary>
    public List<ModelChange> Changes { get; } = [];

    /// <summary>What a key holds.</summary>
    public ModelValue? this[string key] => _state.TryGetValue(key, out var value) ? value : null;

    /// <summary>How many keys there are.</summary>
    public int Count => _state.Count;

    /// <summary>Applies a command of that entry and gives what it must be answered with.</summary>
    public List<ModelResult> Apply(LogIndex index, IReadOnlyList<ModelOperation> operations)
    {
        Changes.Clear();
        var results = new List<ModelResult>();
        foreach (var operation in operations)
            results.Add(Apply(operation));
        foreach (var change in Changes)
        {
            if (!_past.TryGetValue(change.Key, out var past))
                _past[change.Key] = past = [];
            past.Add((index, change.Value));
        }

        return results;
    }

    /// <summary>What a key held once that entry was applied.</summary>
    public ModelValue? At(LogIndex index, string key) => _past.TryGetValue(key, out var past) ? past.FindLast(change => change.Index <= index).Value : null;

    private ModelResult Apply(in ModelOperation operation)
    {
        var before = this[operation.Key];
        switch (operation.Opcode)
        {
            case BatchOpcode.Set:
                Set(operation.Key, ModelValue.OfText(operation.Text));
                return new(BatchProblem.None, null, before is not null);
            case BatchOpcode.SetAll:
                foreach (var (key, text) in operation.Pairs!.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
                    Set(key, ModelValue.OfText(text));
                return new(BatchProblem.None, null, false);
            case BatchOpcode.Delete:
                Set(operation.Key, null);
                return new(BatchProblem.None, null, before is not null);
            case BatchOpcode.Get:
                return new(BatchProblem.None, before, before is not null);
            default:
                if (before is { Integer: null })
                    return new(BatchProblem.WrongType, null, true);
                var sum = (Int128)(before?.Integer ?? 0) + operation.Delta;
                if (sum > long.MaxValue || sum < long.MinValue)
                    return new(BatchProblem.Overflow, null, before is not null);
                Set(operation.Key, new((long)sum, null));
                return new(BatchProblem.None, new((long)sum, null), before is not null);
        }
    }

    private void Set(string key, ModelValue? value)
    {
        if (this[key] == value)
            return;
        if (value is { } now)
            _state[key] = now;
        else
            _state.Remove(key);
        Changes.Add(new(key, value));
    }
}
