using System.Buffers;
using System.Text;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>Makes rows of the records of a CSV file. Owned by one reader.</summary>
internal sealed class CsvParser(CsvSchema schema) : RecordParser<CsvRow>
{
    private readonly CsvFields _fields = new(schema.Separator);
    private readonly int[] _fieldOf = new int[schema.Columns.Count];
    private LocalClock[] _clocks = new LocalClock[schema.Columns.Count];
    private LocalClock[] _clocksAfter = new LocalClock[schema.Columns.Count];
    private int _fieldCount;

    /// <inheritdoc/>
    public override (byte Quote, byte Separator) Quoting => ((byte)'"', (byte)schema.Separator);

    /// <inheritdoc/>
    public override bool HasHeader => true;

    /// <summary>A MessagePack array: for each column that needs it nil, or [last local time in a repeated hour, whether that was the second pass].</summary>
    public override byte[] State
    {
        get
        {
            var buffer = new ArrayBufferWriter<byte>(FilePosition.MaxStateBytes);
            var writer = new MessagePackWriter(buffer);
            writer.WriteArrayHeader(schema.Columns.Count(static column => column.HasMemory));
            for (var index = 0; index < _clocks.Length; index++)
            {
                if (!schema.Columns[index].HasMemory)
                    continue;
                if (_clocks[index].LastMs is not { } last)
                {
                    writer.WriteNil();
                    continue;
                }

                writer.WriteArrayHeader(2);
                writer.Write(last);
                writer.Write(_clocks[index].IsSecond);
            }

            return buffer.WrittenSpan.ToArray();
        }
    }

    /// <inheritdoc/>
    public override bool TryRestore(ReadOnlySpan<byte> state)
    {
        var reader = new MessagePackReader(state);
        if (!reader.TryReadArrayHeader(out var count) || count != schema.Columns.Count(static column => column.HasMemory))
            return false;
        for (var index = 0; index < _clocks.Length; index++)
        {
            if (!schema.Columns[index].HasMemory || reader.TryReadNil())
                continue;
            if (!reader.TryReadArrayHeader(out var parts) || parts != 2 || !reader.TryReadInt64(out var last) || !reader.TryReadBoolean(out var isSecond))
                return false;
            _clocks[index] = new(last, isSecond);
        }

        return reader.Remaining == 0;
    }

    /// <inheritdoc/>
    public override bool TryReadHeader(ReadOnlySpan<byte> record, long line, string path)
    {
        if (record.IsEmpty)
            return false;
        if (_fields.Divide(Encoding.UTF8.GetString(record)) is { } problem)
            throw new InvalidDataException($"The header of '{path}' in line {line} cannot be read ({problem}): give a file that starts with the names of its columns.");
        _fieldCount = _fields.Fields.Count;
        for (var index = 0; index < _fieldOf.Length; index++)
            _fieldOf[index] = FindField(schema.Columns[index].Name, line, path);
        return true;
    }

    /// <inheritdoc/>
    public override bool TryParse(ReadOnlySpan<byte> record, long line, out SourceRecord<CsvRow> parsed)
    {
        parsed = default;
        if (record.IsEmpty)
            return false;
        var problem = _fields.Divide(Encoding.UTF8.GetString(record));
        if (problem is null && _fields.Fields.Count != _fieldCount)
            problem = $"{_fields.Fields.Count} fields are there; expected {_fieldCount} as in the header";
        var values = new CsvValue[_fieldOf.Length];
        for (var index = 0; index < values.Length && problem is null; index++)
        {
            var column = schema.Columns[index];
            problem = CsvValues.Read(column, _fields.Fields[_fieldOf[index]], _clocks[index], out _clocksAfter[index], out values[index]);
            if (problem is not null)
                problem = $"column '{column.Name}': {problem}";
        }

        if (problem is null)
        {
            (_clocks, _clocksAfter) = (_clocksAfter, _clocks);
            parsed = SourceRecord<CsvRow>.Of(new(schema, values, line));
        }
        else
        {
            parsed = SourceRecord<CsvRow>.Malformed($"Line {line}, {problem}.", record);
        }

        return true;
    }

    private int FindField(string name, long line, string path)
    {
        var names = _fields.Fields;
        var found = -1;
        for (var field = 0; field < names.Count; field++)
        {
            if (names[field] != name)
                continue;
            if (found >= 0)
                throw new InvalidDataException($"The header of '{path}' in line {line} has the column '{name}' twice: give them different names.");
            found = field;
        }

        return found >= 0 ? found : throw new InvalidDataException(
            $"The header of '{path}' in line {line} has no column '{name}', but {string.Join(", ", names.Take(20).Select(static there => $"'{there}'"))}: name the columns of the schema as the file does.");
    }
}
