"""The JavaScript around Lean's WebAssembly build, cut down and mended.

What is mended: looking a symbol up, reading standard input as bytes and line by line, writing all
of what is written, and reading the library in the thread that asks for it. No file but those that
`LEAN_MOUNT` names can be seen, no socket can be opened and no program started.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aidefence.ports.prover import ProverError

_NAME = r"[A-Za-z_$][\w$]*"
_EXPORTED = r'wasmExports\["([^"]*)"\]'
_FIRST = "var _main,_lean_main"
_ASSIGN = "function assignWasmExports(wasmExports){"

_LOOK_UP = (
    "var __symMap=null;var __dlsym_js=(handle,symbol,symbolIndex)=>{symbol=UTF8ToString(symbol);"
    'if(!__symMap){__symMap=JSON.parse(fs.readFileSync(__dirname+"/SYMBOLS","utf8"))}'
    "var r=__symMap[symbol];if(r===undefined){dlSetError(`unknown symbol ${symbol}`);return 0}"
    "return r};"
)
# What is written goes out whole: a pipe that is full for the moment says EAGAIN.
_WRITE = (
    "var __w=(fd,t)=>{var b=Buffer.from(t);var o=0;while(o<b.length){try{o+=fs.writeSync(fd,b,o)}"
    'catch(e){if(e.code!=="EAGAIN")throw e;'
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0,1)}}};"
)
_LOCAL_FILES = (
    "var __lfd=new Map();var __lread=(fd,iov,iovcnt,pos)=>{var f=__lfd.get(fd);var tot=0;"
    "for(var i=0;i<iovcnt;i++){var p=(growMemViews(),HEAPU32)[iov>>2];var n=HEAPU32[iov+4>>2];"
    "iov+=8;while(n>0){var k=fs.readSync(fd-1000000,HEAPU8,p,n,pos<0?f.pos:pos);"
    "if(k<=0)return tot;tot+=k;p+=k;n-=k;if(pos<0)f.pos+=k;else pos+=k}}return tot};"
)
_REPLACED = (
    ("var pthreadPoolSize=4;", "var pthreadPoolSize=+(process.env.LEAN_POOL||4);"),
    ("var BUFSIZE=256;", "var BUFSIZE=65536;"),
    ("var fd=process.stdin.fd;", "var fd=0;"),
    (
        'if(bytesRead>0){result=buf.slice(0,bytesRead).toString("utf-8")}}',
        (
            "if(bytesRead>0){"
            "FS_stdin_getChar_buffer=Array.from(buf.subarray(0,bytesRead)).reverse();"
            "return FS_stdin_getChar_buffer.pop()}}"
        ),
    ),
    ("return FS_stdin_getChar_buffer.shift()", "return FS_stdin_getChar_buffer.pop()"),
    (
        'defaultPrint=(...args)=>fs.writeSync(1,args.map(stringify).join(" ")+"\\n");',
        _WRITE + 'defaultPrint=(...args)=>__w(1,args.map(stringify).join(" ")+"\\n");',
    ),
    (
        'defaultPrintErr=(...args)=>fs.writeSync(2,args.map(stringify).join(" ")+"\\n")',
        'defaultPrintErr=(...args)=>__w(2,args.map(stringify).join(" ")+"\\n")',
    ),
    ('process.binding("constants")["fs"]', 'require("fs").constants'),
    (
        'FS.mount(NODEFS,{root:"/home"},"/home");FS.mount(NODEFS,{root:"/tmp"},"/tmp");',
        (
            'for(var __d of process.env.LEAN_MOUNT.split(":"))'
            "{FS.mkdirTree(__d);FS.mount(NODEFS,{root:__d},__d)}"
        ),
    ),
    ("function ___syscall_openat(", _LOCAL_FILES + "function ___syscall_openat("),
)
_LINE_END = "bytesRead++;buffer[offset+i]=result"

_LIBRARY = (
    "if(ENVIRONMENT_IS_PTHREAD){var __p=UTF8ToString(path);"
    'if(__p[0]==="/"&&/\\.(olean|ir)(\\.[a-z]+)?$/.test(__p)){try{%s}catch(e){return-44}}}'
)
_OPENED = "if(ENVIRONMENT_IS_PTHREAD&&fd>=1000000)"
# A call that would go to the main thread, and what the asking thread does itself beforehand.
_IN_THREAD = (
    (
        "___syscall_openat(dirfd,path,flags,varargs)",
        "if((flags&3)===0&&!(flags&64))"
        + _LIBRARY
        % (
            'var n=fs.openSync(__p,"r")+1000000;'
            "__lfd.set(n,{pos:0,size:fs.fstatSync(n-1000000).size});return n"
        ),
    ),
    ("___syscall_stat64(path,buf)", _LIBRARY % "return SYSCALLS.writeStat(buf,fs.statSync(__p))"),
    ("___syscall_lstat64(path,buf)", _LIBRARY % "return SYSCALLS.writeStat(buf,fs.lstatSync(__p))"),
    (
        "___syscall_newfstatat(dirfd,path,buf,flags)",
        _LIBRARY % "return SYSCALLS.writeStat(buf,fs.statSync(__p))",
    ),
    (
        "___syscall_faccessat(dirfd,path,amode,flags)",
        _LIBRARY % "fs.accessSync(__p,4);return 0",
    ),
    (
        "___syscall_fstat64(fd,buf)",
        _OPENED + "return SYSCALLS.writeStat(buf,fs.fstatSync(fd-1000000));",
    ),
    ("___syscall_fcntl64(fd,cmd,varargs)", _OPENED + "return 0;"),
    ("___syscall_ioctl(fd,op,varargs)", _OPENED + "return-59;"),
    (
        "_fd_read(fd,iov,iovcnt,pnum)",
        _OPENED + "{var n=__lread(fd,iov,iovcnt,-1);(growMemViews(),HEAPU32)[pnum>>2]=n;return 0}",
    ),
    (
        "_fd_pread(fd,iov,iovcnt,offset,pnum)",
        _OPENED + "{var n=__lread(fd,iov,iovcnt,Number(offset));"
        "(growMemViews(),HEAPU32)[pnum>>2]=n;return 0}",
    ),
    (
        "_fd_seek(fd,offset,whence,newOffset)",
        _OPENED + "{var f=__lfd.get(fd);var o=Number(offset);"
        "f.pos=whence===0?o:whence===1?f.pos+o:f.size+o;"
        "(growMemViews(),HEAP64)[newOffset>>3]=BigInt(f.pos);return 0}",
    ),
    ("_fd_close(fd)", _OPENED + "{fs.closeSync(fd-1000000);__lfd.delete(fd);return 0}"),
    (
        "_fd_fdstat_get(fd,pbuf)",
        _OPENED + "{(growMemViews(),HEAP8)[pbuf]=4;HEAP16[pbuf+2>>1]=0;HEAP64[pbuf+8>>3]=0n;"
        "HEAP64[pbuf+16>>3]=0n;return 0}",
    ),
    (
        "__mmap_js(len,prot,flags,fd,offset,allocated,addr)",
        _OPENED + "{var ptr=mmapAlloc(len);if(!ptr)return-48;var o=Number(offset),d=0;"
        "while(d<len){var k=fs.readSync(fd-1000000,(growMemViews(),HEAPU8),ptr+d,len-d,o+d);"
        "if(k<=0)break;d+=k}HEAP32[allocated>>2]=1;HEAPU32[addr>>2]=ptr;return 0}",
    ),
)


@dataclass(frozen=True, slots=True)
class Glue:
    """The script in the pieces that change, and the exports it asks the module for."""

    before: str
    declared: tuple[str, ...]
    assigned: tuple[str, ...]
    after: str
    exports: frozenset[str]

    @classmethod
    def parse(cls, script: str) -> Glue:
        """Cut out the two lists that name each of the 201,110 exports."""
        first, assign = script.find(_FIRST), script.find(_ASSIGN)
        end = script.find("}", assign + len(_ASSIGN))
        if not 0 <= first < assign < end:
            raise ProverError("`lean.js` is not the script this knows")
        before, after = script[:first], script[end + 1 :]
        used = set(re.findall(_NAME, before)) | set(re.findall(_NAME, after))
        exports = set(re.findall(_EXPORTED, before + after))
        assigned = []
        for statement in script[assign + len(_ASSIGN) : end].split(";"):
            if statement.strip() and statement.split("=", 1)[0] in used:
                assigned.append(statement)
                exports |= set(re.findall(_EXPORTED, statement))
        names = script[first + 4 : assign - 1].split(",")
        declared = tuple(name for name in names if name.split("=", 1)[0] in used)
        return cls(before, declared, tuple(assigned), after, frozenset(exports))

    def text(self, symbols: str) -> str:
        """Write the script again, mended; `symbols` is the file beside it."""
        lists = "var " + ",".join(self.declared) + ";" + _ASSIGN + ";".join(self.assigned) + "}"
        script = self.before + lists + self.after
        start = script.index("var __dlsym_js=(handle,symbol,symbolIndex)=>{")
        end = script.index("__dlsym_js.sig=", start)
        script = script[:start] + _LOOK_UP.replace("SYMBOLS", symbols) + script[end:]
        script = script.replace('console.log("[DEBUG', '__dbg("[DEBUG')
        for module in ("ws", "child_process"):
            script = script.replace(f'require("{module}")', "null")
        script = _once(script, "var ASM_CONSTS={", "var __dbg=()=>{};var ASM_CONSTS={")
        for old, new in _REPLACED:
            script = _once(script, old, new)
        for call, own in _IN_THREAD:
            head = f"function {call}{{"
            proxied = "if(ENVIRONMENT_IS_PTHREAD)return proxyToMainThread("
            script = _once(script, head + proxied, head + own + proxied)
        at = script.index(_LINE_END, script.index("TTY={"))
        stop = ";if(result===10&&!FS_stdin_getChar_buffer.length)break}"
        return script[:at] + _LINE_END + stop + script[at + len(_LINE_END) + 1 :]


def _once(script: str, old: str, new: str) -> str:
    if script.count(old) != 1:
        raise ProverError(f"`lean.js` is not the script this knows: no single `{old[:40]}`")
    return script.replace(old, new)
