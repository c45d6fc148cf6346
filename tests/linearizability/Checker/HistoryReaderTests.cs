using System.Text;
using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests.Checker;

/// <summary>Both formats, what they mean alike, and one clear sentence for everything that is wrong with a file.</summary>
[TestFixture]
internal sealed class HistoryReaderTests
{
    private const string Call = """{"process":1,"type":"invoke","f":"write","key":"r","value":4,"time":10}""";

    private static readonly string[] BadJson =
    [
        "", "Line 1 is the end of a file without events: give a history of JSON lines or EDN.",
        "{\"process\"", "Line 1 is no JSON object (at character 11): write one object a line.",
        "7", "Line 1 is no JSON object: write one object a line.",
        """{"type":"ok"}""", "Line 1 has no whole number as \"process\": give each client its own.",
        """{"process":1.5}""", "Line 1 has no whole number as \"process\": give each client its own.",
        """{"process":1}""", "Line 1 has no text as \"type\": give invoke, ok, fail or info.",
        """{"process":1,"type":"done"}""", "Line 1 has the type \"done\": give invoke, ok, fail or info.",
        """{"process":1,"type":"ok"}""", "Line 1 has no \"value\": give the argument or the result, null where there is none.",
        """{"process":1,"type":"ok","value":1}""", "Line 1 has no text as \"f\": give the name of the operation.",
        """{"process":1,"type":"ok","f":"read","value":1}""", "Line 1 is an answer to process 1, which has called nothing: put its call before it.",
        """{"process":1,"type":"invoke","f":"write","value":1.5}""", "Line 1 has the value 1.5: numbers are whole and have 64 bits.",
        """{"process":1,"type":"invoke","f":"write","value":{"a":1}}""", "Line 1 has the value {\"a\":1}: give null, a whole number, a text or a list of them.",
        """{"process":1,"type":"invoke","f":"write","key":[],"value":1}""", "Line 1 has a \"key\" that is neither text nor number: name the object by one of them.",
        """{"process":1,"type":"invoke","f":"write","value":1,"time":"x"}""", "Line 1 has a \"time\" that is no whole number: give nanoseconds.",
        """{"process":1,"type":"invoke","f":"fly","value":1}""", "Line 1 asks for \"fly\", which no model has: the register model has read, write and cas.",
        """{"process":1,"type":"invoke","f":"append","value":1}""", "Line 1 asks the register model for append, which it does not have: it has read, write and cas.",
        """{"process":1,"type":"invoke","f":"cas","value":1}""", "Line 1 has a cas of 1: give a list of two, the old value and the new one.",
        Call + "\n" + Call, "Line 2 is a call of process 1, whose call in line 1 has no answer yet: a process has one operation at a time.",
        Call + "\n\n" + """{"process":2,"type":"invoke","f":"read","key":"r","value":null,"time":9}""", "Line 3 has the time 9, before 10 above it: put the lines in real-time order.",
        Call + "\n" + """{"process":1,"type":"ok","f":"read","key":"r","value":4}""", "Line 2 answers read of key \"r\", but the call in line 1 asks for write of key \"r\": give the same.",
        Call + "\n" + """{"process":1,"type":"ok","f":"write","key":"s","value":4}""", "Line 2 answers write of key \"s\", but the call in line 1 asks for write of key \"r\": give the same.",
        Call + "\n" + """{"process":1,"type":"ok","f":"write","key":"r","value":5}""", "Line 2 answers write 4 with 5: repeat the argument, or give null.",
        Call + "\n" + """{"process":2,"type":"invoke","f":"read","value":null}""", "Line 2 names no key, as the calls above it do: give one.",
    ];

    private static readonly string[] BadEdn =
    [
        "{:process 0 :type :invoke", "Line 2 ends in the middle of an event: the file is cut.",
        "[{:process 0}", "Line 1 has the type \"\": give :invoke, :ok, :fail or :info.",
        "{:type :invoke}", "Line 1 has no whole number as :process: give each client its own.",
        "{:process 0 :type :invoke :f 3}", "Line 1 has no keyword as :f: give the name of the operation.",
        "{:process 0 :type :invoke :f :write :value {:a 1}}", "Line 1 has a map as a value: give nil, a whole number, a text, a keyword or a vector of them.",
        "{:process 0 :type :invoke :f :write :value 1.5}", "Line 1 has the value 1.5: give nil, a whole number of 64 bits, a text, a keyword or a vector of them.",
        "{:process 0 :type :invoke :f :write :value \"a\\q\"}", "Line 1 has a text with an unknown escape: \\n, \\t, \\r, \\\", \\\\ and \\uXXXX are known.",
        "{:process 0 :f \"a", "Line 2 ends in the middle of a text: close it with a quotation mark.",
        "{:a 1)", "Line 1 has a ')' that closes nothing: mend the brackets.",
        "[]\n{:a 1}", "Line 2 goes on after the end of the history: leave one vector of maps, or maps alone.",
        "#x 7", "Line 1 holds something that is no map: write one map an event.",
        "{:v " + "[[[[[[[[[[[[[[[[[[[[[", "Line 1 is nested deeper than 16: no event of a history is.",
        string.Concat(Enumerable.Repeat("#_ ", 20)), "Line 1 is nested deeper than 16: no event of a history is.",
        "{:process 0 :type :invoke :f :write :value [:x 1]}\n{:process 0 :type :ok :f :write :value 1}", "Line 2 has the value 1 where every call has a pair of key and value: give a pair.",
    ];

    public static IEnumerable<TestCaseData> BadFiles() =>
        BadJson.Concat(BadEdn).Chunk(2).Select(static (pair, number) => new TestCaseData(pair[0], pair[1]).SetName($"Bad file {number}: {pair[1]}"));

    [TestCaseSource(nameof(BadFiles))]
    public void ABadFileIsOneSentenceThatNamesTheLine(string text, string sentence) => Assert.That(
        () => HistoryReader.Read(new StringReader(text), HistoryModel.Register), Throws.TypeOf<HistoryFormatException>().With.Message.EqualTo(sentence));

    [Test]
    public void JsonLinesAndEdnMeanTheSame()
    {
        var json = HistoryReader.Read(
            new StringReader("""
                {"process":0,"type":"invoke","f":"write","key":"x","value":3,"time":1}
                {"process":"nemesis","type":"info","f":"kill","value":null,"time":1}
                {"process":1,"type":"invoke","f":"cas","key":"y","value":[3,"a"],"time":2}
                {"process":0,"type":"ok","f":"write","key":"x","value":3,"time":3}
                {"process":1,"type":"info","f":"cas","key":"y","value":null,"time":4,"error":"timeout"}
                {"process":2,"type":"invoke","f":"read","key":"x","value":null,"time":5}
                {"process":2,"type":"ok","f":"read","key":"x","value":3,"time":6}
                {"process":3,"type":"invoke","f":"write","key":"x","value":5,"time":7}
                {"process":3,"type":"fail","f":"write","key":"x","value":5,"time":8}
                """),
            HistoryModel.Register);
        var edn = HistoryReader.Read(
            new StringReader("""
                ; as Jepsen writes it
                [{:type :invoke, :f :write, :value [:x 3], :process 0, :time 1, :index 0}
                 {:type :info, :f :kill, :value {:n1 "killed"}, :process :nemesis, :time 1, :index 1}
                 #jepsen.history.Op{:type :invoke, :f :cas, :value [:y [3 "a"]], :process 1, :time 2, :index 2}
                 {:type :ok, :f :write, :value [:x 3], :process 0, :time 3, :index 3}
                 {:type :info, :f :cas, :value [:y [3 "a"]], :process 1, :error {:via [timeout]}}
                 {:type :invoke, :f :read, :value [:x nil], :process 2} {:type :ok, :f :read, :value [:x 3], :process 2}
                 {:type :invoke, :f :write, :value [:x 5], :process 3}
                 {:type :fail, :f :write, :value [:x 5], :process 3 #_ignored #_{:a 1}}]
                """),
            HistoryModel.Register);

        Assert.That(edn.Operations.Select(static operation => operation.Key), Is.EqualTo(new[] { ":x", ":y", ":x" }), "keywords keep their colon");
        Assert.That(edn.Operations.Select(Meaning), Is.EqualTo(json.Operations.Select(Meaning)));
        Assert.That(json.Operations[2].ToString(), Is.EqualTo("process 2: read -> 3 (lines 6 to 7)"));
    }

    [Test]
    public void ValuesWithoutKeysStayWhatTheyAre()
    {
        var history = HistoryReader.Read(
            new StringReader("{:type :invoke :f :cas :value [0 1] :process 0}\n{:type :ok :f :cas :value [0 1] :process 0}"), HistoryModel.Register);
        Assert.That((history.Operations[0].Key, history.Operations[0].Argument), Is.EqualTo(("", HistoryValue.List(0, 1))));
    }

    [Test]
    public void ASetIsReadFromAnEdnSet()
    {
        var history = HistoryReader.Read(
            new StringReader("{:type :invoke :f :read :value nil :process 0}\n{:type :ok :f :read :value #{2 1N -3} :process 0}"), HistoryModel.Set);
        Assert.That(history.Operations[0].Result, Is.EqualTo(HistoryValue.List(2, 1, -3)));
    }

    [Test]
    public void ACountersAddMayTellTheValueAfterIt()
    {
        var history = HistoryReader.Read(
            new StringReader("""
                {"process":0,"type":"invoke","f":"add","value":2}
                {"process":0,"type":"ok","f":"add","value":[2,7]}
                {"process":0,"type":"invoke","f":"add","value":2}
                {"process":0,"type":"ok","f":"add","value":2}
                """),
            HistoryModel.Counter);
        Assert.That(history.Operations.Select(static operation => operation.Result), Is.EqualTo(new HistoryValue?[] { 7, null }));
    }

    [Test]
    public void ALineTooLongIsRefusedBeforeItIsHeld()
    {
        using var endless = new StreamReader(new EndlessStream(), Encoding.ASCII);
        Assert.That(() => HistoryReader.Read(endless, HistoryModel.Register), Throws.TypeOf<HistoryFormatException>().With.Message.EqualTo(
            "Line 1 is longer than 16777216 characters: write one event a line."));
    }

    private static object Meaning(Operation operation) => (
        operation.Process, operation.Key.TrimStart(':'), operation.Function, operation.Argument, operation.Result, operation.Invoked, operation.Returned);

    private sealed class EndlessStream : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count)
        {
            buffer.AsSpan(offset, count).Fill((byte)'{');
            return count;
        }

        public override int Read(Span<byte> buffer)
        {
            buffer.Fill((byte)'{');
            return buffer.Length;
        }
    }
}
