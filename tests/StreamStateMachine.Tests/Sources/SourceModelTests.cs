using System.Text;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>Random files, restarts, growth and rotations against a plain reading of the whole.</summary>
[TestFixture]
internal sealed class SourceModelTests
{
    private const int MaxRecordBytes = 40;

    [Test]
    public async Task Restarts_at_any_record_give_each_line_once([Range(0, 59)] int seed)
    {
        var random = new Random(seed);
        using var folder = new SourceFolder();
        var bytes = RandomLog(random, random.Next(300));
        var source = Sources.Lines(folder.Write("a.log", bytes), new() { MaxRecordBytes = MaxRecordBytes });
        var lines = new List<string>();
        var position = default(SourcePosition);
        for (var isOver = false; !isOver;)
        {
            await using var reader = await source.OpenAsync("a.log", position, CancellationToken.None);
            for (var left = random.Next(1, 60); left > 0 && !isOver; left--)
            {
                isOver = !await reader.ReadAsync(CancellationToken.None);
                if (!isOver)
                    lines.AddRange(new[] { reader.Current }.Show());
            }

            position = reader.Position;
        }

        Assert.That(lines, Is.EqualTo(Expected(bytes)));
    }

    [Test]
    public async Task Growth_rotation_restarts_and_cancellations_in_any_order_give_each_line_once([Range(0, 99)] int seed)
    {
        var random = new Random(seed);
        using var folder = new SourceFolder();
        var writer = new RandomWriter(folder, random);
        await using var follower = new Follower(folder.PathOf("a.log"), MaxRecordBytes);
        for (var step = 0; step < 150; step++)
        {
            writer.Step();
            if (random.Next(3) == 0)
                await follower.LookAsync();
            if (random.Next(10) == 0)
                await follower.CancelAsync();
            if (random.Next(10) == 0)
                await follower.RestartAsync();
        }

        writer.Finish();
        await follower.LookAsync();
        Assert.That(follower.Lines, Is.EqualTo(writer.Files.SelectMany(static file => Expected([.. file]))), $"{writer.Files.Count} files");
    }

    internal static byte[] RandomLog(Random random, int pieces)
    {
        var bytes = new List<byte>();
        if (random.Next(4) == 0)
            bytes.AddRange([0xEF, 0xBB, 0xBF]);
        for (var piece = 0; piece < pieces; piece++)
            bytes.AddRange(RandomPiece(random));
        return [.. bytes];
    }

    private static byte[] RandomPiece(Random random) => random.Next(12) switch
    {
        0 => "\r\n"u8.ToArray(),
        1 or 2 => "\n"u8.ToArray(),
        3 => "\r"u8.ToArray(),
        4 => [0xC3],
        5 => [0xEF, 0xBB, 0xBF],
        6 => Encoding.UTF8.GetBytes(new string('x', random.Next(30, 50))),
        7 when random.Next(10) == 0 => new byte[200_000],
        _ => Encoding.UTF8.GetBytes($"é{random.Next(100)}"),
    };

    /// <summary>The lines of a complete file, cut and judged without buffers.</summary>
    private static IEnumerable<string> Expected(byte[] bytes)
    {
        var start = bytes.AsSpan().StartsWith((byte[])[0xEF, 0xBB, 0xBF]) ? 3 : 0;
        for (var line = 1; start < bytes.Length; line++)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', start);
            var content = bytes[start..(end < 0 ? bytes.Length : end)];
            start = end < 0 ? bytes.Length : end + 1;
            if (end >= 0 && content is [.., (byte)'\r'])
                content = content[..^1];
            if (content.Length > MaxRecordBytes)
                yield return $"<Line {line} is longer than {MaxRecordBytes} bytes.>";
            else if (System.Text.Unicode.Utf8.IsValid(content))
                yield return Encoding.UTF8.GetString(content);
            else
                yield return $"<Line {line} is not UTF-8: byte {ValidBytes(content) + 1} begins no character.>";
        }
    }

    private static int ValidBytes(byte[] bytes) =>
        Enumerable.Range(0, bytes.Length).Last(length => System.Text.Unicode.Utf8.IsValid(bytes.AsSpan(0, length)) && StartsNoCharacter(bytes[length..]));

    private static bool StartsNoCharacter(byte[] bytes) =>
        !Enumerable.Range(1, Math.Min(4, bytes.Length)).Any(length => System.Text.Unicode.Utf8.IsValid(bytes.AsSpan(0, length)));

    /// <summary>Writes a log, and rotates it one file operation at a time.</summary>
    private sealed class RandomWriter
    {
        private readonly SourceFolder _folder;
        private readonly Random _random;
        private readonly Queue<Action> _rotation = new();
        private string _name = "a.log";

        public RandomWriter(SourceFolder folder, Random random)
        {
            (_folder, _random) = (folder, random);
            Begin();
        }

        public List<List<byte>> Files { get; } = [];

        /// <summary>One operation: the next one of a rotation, or a write, or the plan of a rotation.</summary>
        public void Step()
        {
            if (_rotation.Count > 0 && _random.Next(2) == 0)
                _rotation.Dequeue()();
            else if (_rotation.Count == 0 && Files[^1].Count > 0 && _random.Next(8) == 0)
                PlanRotation();
            else
                Write(RandomPiece(_random));
        }

        public void Finish()
        {
            while (_rotation.TryDequeue(out var move))
                move();
            Write("the end\n"u8.ToArray());
        }

        private void PlanRotation()
        {
            for (var age = Files.Count - 1; age >= 0; age--)
            {
                var (from, to) = (age == 0 ? "a.log" : $"a.log.{age}", $"a.log.{age + 1}");
                _rotation.Enqueue(() =>
                {
                    File.Move(_folder.PathOf(from), _folder.PathOf(to));
                    _name = _name == from ? to : _name;
                });
            }

            _rotation.Enqueue(Begin);
        }

        /// <summary>A file whose first line no other one has, as logs with times do.</summary>
        private void Begin()
        {
            Files.Add([]);
            _name = "a.log";
            _folder.Write(_name, "");
            if (_random.Next(2) == 0)
                Write([0xEF, 0xBB, 0xBF]);
            Write(Encoding.UTF8.GetBytes($"file {Files.Count}{(_random.Next(2) == 0 ? "\n" : "")}"));
        }

        private void Write(byte[] bytes)
        {
            Files[^1].AddRange(bytes);
            using var file = new FileStream(_folder.PathOf(_name), FileMode.Append);
            file.Write(bytes);
        }
    }
}
