package host

import ("testing";"fmt";"os";"github.com/inferd/inferd/model")

func TestZZRaw(t *testing.T){
 path:=os.Getenv("ZZMODEL")
 toks:=60
 for _,uni:=range []bool{false,true}{ for _,fl:=range []bool{false,true}{ for _,th:=range []int{1,2}{
  var set []RawOptions
  for _,n:=range []int{1,4,8,16}{ set=append(set,RawOptions{EngineRoot:"/work/main/build/engine",Model:path,Builtin:Builtin{Name:"b",GGUF:model.GGUF},Threads:th,Prompt:200,Tokens:toks,Sequences:n,Unified:uni,Flash:fl})}
  r,err:=RawBench(set); if err!=nil {t.Fatal(err)}
  fmt.Printf("unified=%v flash=%v threads=%d:",uni,fl,th)
  for _,x:=range r { fmt.Printf("  n=%d pre %.0f dec %.0f",x.Sequences,x.Prefill,x.Decode)}
  fmt.Println()
 }}}
}
